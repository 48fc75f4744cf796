/* A PCM in memory: a queue of mono 32-bit samples with a device at its end that moves when it is told to, and that can
 * come to all that libasound reports. */
#ifndef PCMIO_ALSA_FAKE_H
#define PCMIO_ALSA_FAKE_H

#include <string.h>
#include <time.h>

#include "../rt/pump_alsa.h"
#include "rig.h"

#define PERIOD 16u
#define BUFFER 64u
#define HEARD 4096u
#define TINY_NANOS 333333 /* one period at 48 kHz, to the nearest */
#define PREPARED PCMIO_ALSA_PREPARED
#define RUNNING PCMIO_ALSA_RUNNING

typedef struct {
  rig bench;
  pcmio_alsa_stream stream;
  int32_t state;
  uint64_t appl; /* frames written, or read */
  uint64_t hw;   /* frames played, or recorded */
  int32_t memory[BUFFER];
  uint8_t staging[BUFFER * 16];
  int32_t heard[HEARD];
  uint32_t heard_count;
  int32_t next_recorded;
  /* What it does next; each is used up by one call. */
  long avail_is; /* 0: as it is */
  int32_t resume_is;
  int32_t prepare_is;
  int32_t start_is;
  int32_t pause_is;
  uint32_t takes; /* frames that a write takes before EAGAIN; 0: all */
  bool commits_short;
  /* What it tells of time. */
  long delay;
  uint64_t stamp_nanos;
  uint64_t trigger_nanos;
  bool has_no_clock; /* played as soon as written */
  /* What was asked of it. */
  uint32_t prepares, starts, drops, pauses, resumes, closes;
} fake;

static fake *at; /* the functions are given it as their PCM too */

static inline long queued(void) { return (long)(at->appl - at->hw); }

static inline long fake_avail(void *pcm) {
  CHECK(pcm == at);
  long scripted = at->avail_is;
  at->avail_is = 0;
  if (scripted != 0) {
    return scripted;
  }
  return at->stream.config.output != 0 ? (long)BUFFER - queued() : (long)(at->hw - at->appl);
}

static inline int32_t fake_state(void *pcm) {
  CHECK(pcm == at);
  return at->state;
}

static inline int32_t fake_status(void *pcm, void *status) {
  CHECK(pcm == at && status != NULL);
  return 0;
}

static inline long fake_delay(const void *status) {
  CHECK(status != NULL);
  return at->delay;
}

static inline void fake_time(void *time, uint64_t nanos) {
  struct timespec found = {.tv_sec = (time_t)(nanos / 1000000000), .tv_nsec = (long)(nanos % 1000000000)};
  memcpy(time, &found, sizeof found);
}

static inline void fake_stamp(const void *status, void *time) {
  CHECK(status != NULL);
  fake_time(time, at->stamp_nanos);
}

static inline void fake_trigger(const void *status, void *time) {
  CHECK(status != NULL);
  fake_time(time, at->trigger_nanos);
}

/* The device plays, or records, so many frames, and time passes; it stops with an xrun where it cannot. */
static inline void pass(uint32_t frames) {
  for (uint32_t i = 0; i < frames && at->state == RUNNING; i++) {
    if (at->stream.config.output != 0) {
      if (queued() == 0) {
        at->state = PCMIO_ALSA_XRUN;
        break;
      }
      CHECK(at->heard_count < HEARD);
      at->heard[at->heard_count++] = at->memory[at->hw++ % BUFFER];
    } else if (at->hw - at->appl == BUFFER) {
      at->state = PCMIO_ALSA_XRUN;
    } else {
      at->memory[at->hw++ % BUFFER] = at->next_recorded++;
    }
  }
  at->bench.now += (uint64_t)frames * 1000000000 / RIG_RATE;
}

static inline void wrote(uint32_t frames) {
  at->appl += frames;
  if (at->has_no_clock && at->state == RUNNING) {
    while (queued() != 0) {
      at->heard[at->heard_count++] = at->memory[at->hw++ % BUFFER];
    }
  }
}

static inline int32_t fake_begin(void *pcm, const void **areas, unsigned long *offset, unsigned long *frames) {
  static pcmio_alsa_area area;
  CHECK(pcm == at);
  area = (pcmio_alsa_area){at->memory, 0, 32};
  unsigned long room = (unsigned long)(at->stream.config.output != 0 ? BUFFER - queued() : (long)(at->hw - at->appl));
  *areas = &area;
  *offset = at->appl % BUFFER;
  *frames = *frames < room ? *frames : room;
  *frames = *frames < BUFFER - *offset ? *frames : BUFFER - *offset;
  return 0;
}

static inline long fake_commit(void *pcm, unsigned long offset, unsigned long frames) {
  CHECK(pcm == at);
  CHECK_EQUAL(offset, at->appl % BUFFER);
  if (at->commits_short) {
    at->commits_short = false;
    at->state = PCMIO_ALSA_XRUN;
    return (long)frames - 1;
  }
  wrote((uint32_t)frames);
  return (long)frames;
}

static inline long fake_writei(void *pcm, const void *buffer, unsigned long frames) {
  CHECK(pcm == at);
  unsigned long room = (unsigned long)((long)BUFFER - queued());
  if (at->takes != 0) {
    room = at->takes == UINT32_MAX ? 0 : at->takes < room ? at->takes : room;
    at->takes = UINT32_MAX; /* and then nothing */
  }
  frames = frames < room ? frames : room;
  for (unsigned long i = 0; i < frames; i++) {
    at->memory[(at->appl + i) % BUFFER] = ((const int32_t *)buffer)[i];
  }
  wrote((uint32_t)frames);
  return frames == 0 ? -EAGAIN : (long)frames;
}

static inline long fake_readi(void *pcm, void *buffer, unsigned long frames) {
  CHECK(pcm == at);
  unsigned long room = (unsigned long)(at->hw - at->appl);
  frames = frames < room ? frames : room;
  for (unsigned long i = 0; i < frames; i++) {
    ((int32_t *)buffer)[i] = at->memory[at->appl++ % BUFFER];
  }
  return frames == 0 ? -EAGAIN : (long)frames;
}

static inline int32_t take(int32_t *scripted) {
  int32_t result = *scripted;
  *scripted = 0;
  return result;
}

static inline int32_t fake_prepare(void *pcm) {
  CHECK(pcm == at);
  at->prepares++;
  int32_t result = take(&at->prepare_is);
  if (result == 0) {
    at->state = PREPARED;
    at->appl = at->hw = 0;
  }
  return result;
}

static inline int32_t fake_start(void *pcm) {
  CHECK(pcm == at);
  CHECK_EQUAL(at->state, PREPARED);
  CHECK(at->stream.config.output == 0 || queued() != 0); /* an empty queue would be an xrun at once */
  at->starts++;
  int32_t result = take(&at->start_is);
  if (result == 0) {
    at->state = RUNNING;
    wrote(0);
  }
  return result;
}

static inline int32_t fake_drop(void *pcm) {
  CHECK(pcm == at);
  at->drops++;
  at->state = PCMIO_ALSA_SETUP;
  return 0;
}

static inline int32_t fake_pause(void *pcm, int32_t hold) {
  CHECK(pcm == at);
  CHECK_EQUAL(at->state, hold != 0 ? RUNNING : 6); /* the kernel takes it in no other state */
  at->pauses++;
  int32_t result = take(&at->pause_is);
  if (result == 0) {
    at->state = hold != 0 ? 6 : RUNNING;
  }
  return result;
}

static inline int32_t fake_resume(void *pcm) {
  CHECK(pcm == at);
  at->resumes++;
  int32_t result = take(&at->resume_is);
  if (result == 0) {
    at->state = RUNNING;
  }
  return result;
}

static inline long fake_rewindable(void *pcm) {
  CHECK(pcm == at);
  return queued();
}

static inline long fake_rewind(void *pcm, unsigned long frames) {
  CHECK(pcm == at);
  at->appl -= frames;
  return (long)frames;
}

static inline int32_t fake_close(void *pcm) {
  CHECK(pcm == at);
  at->closes++;
  return 0;
}

static inline pcmio_alsa_api fake_api(void) {
  return (pcmio_alsa_api){
      .avail = fake_avail,
      .state = fake_state,
      .status = fake_status,
      .status_get_delay = fake_delay,
      .status_get_htstamp = fake_stamp,
      .status_get_trigger_htstamp = fake_trigger,
      .mmap_begin = fake_begin,
      .mmap_commit = fake_commit,
      .writei = fake_writei,
      .readi = fake_readi,
      .rewindable = fake_rewindable,
      .rewind = fake_rewind,
      .prepare = fake_prepare,
      .start = fake_start,
      .drop = fake_drop,
      .pause = fake_pause,
      .resume = fake_resume,
      .close = fake_close,
  };
}

static inline pcmio_alsa_config fake_config(uint32_t output, uint32_t mapped) {
  return (pcmio_alsa_config){.output = output,
                             .rate = RIG_RATE,
                             .channels = 1,
                             .sample_bytes = 4,
                             .period_frames = PERIOD,
                             .buffer_frames = BUFFER,
                             .mapped = mapped};
}

/* Without a thread: the test is the thread. */
static inline void fake_open(fake *pcm, uint32_t output, uint32_t mapped) {
  memset(pcm, 0, sizeof *pcm);
  at = pcm;
  rig_open_mono(&pcm->bench, output, output == 0);
  pcm->state = PREPARED;
  pcm->next_recorded = 1;
  pcm->stream.api = fake_api();
  pcm->stream.config = fake_config(output, mapped);
  pcm->stream.pcm = pcm;
  pcm->stream.pump = pcm->bench.pump;
  pcm->stream.status = pcm; /* never looked into */
  pcm->stream.staging = pcm->staging;
}

/* With a full ring, from 1 on. */
static inline int32_t fake_play(fake *pcm) {
  int32_t next = rig_fill(&pcm->bench, 1);
  pcmio_pump_set_mode(pcm->bench.pump, PCMIO_RUNNING);
  CHECK_EQUAL(pcmio_alsa_start(&pcm->stream), 0);
  return next;
}

static inline void fake_record(fake *pcm) {
  pcmio_pump_set_mode(pcm->bench.pump, PCMIO_RUNNING);
  CHECK_EQUAL(pcmio_alsa_start(&pcm->stream), 0);
}

/* A period passes, then the stream is served. */
static inline void cycle(fake *pcm) {
  pass(PERIOD);
  pcmio_alsa_cycle(&pcm->stream, false);
}

/* The next note's kind, or 0. */
static inline uint32_t note(fake *pcm) {
  pcmio_note taken = {0};
  return pcmio_pump_take_note(pcm->bench.pump, &taken) != 0 ? taken.kind : 0;
}

static inline void is_heard(const fake *pcm, uint32_t from, uint32_t count, int32_t first) {
  CHECK(from + count <= pcm->heard_count);
  for (uint32_t i = 0; i < count; i++) {
    CHECK_EQUAL(pcm->heard[from + i], first + (int32_t)i);
  }
}

#endif
