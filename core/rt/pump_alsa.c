/* ALSA: how much, transfer, commit; and what is done about whatever a PCM can come to.
 *
 * PCMs are sound cards and anything that a plugin makes look like one, so nothing is believed that can be asked: what a
 * wake-up means is told by the state and by snd_pcm_avail, never by the descriptors. */
#include "pump_alsa.h"

#include <time.h>

#include "pump.h"

#define NANOS UINT64_C(1000000000)
#define OLDEST_STAMP NANOS                /* timestamps from further back are of another clock, or of nothing */
#define LONGEST_GAP (10 * NANOS)          /* an xrun that began earlier tells nothing of how long it took */
#define ASLEEP_NANOS (100 * NANOS / 1000) /* between two tries to wake a suspended device */
#define LONGEST_DELAY_SECONDS 60
#define MOST_FAILURES 10 /* calls in a row, without a frame in between */
#define MOST_USELESS 2   /* wake-ups for too little that are taken for chance */

static uint32_t smaller(uint32_t one, uint32_t other) { return one < other ? one : other; }

/* Less room, or fewer frames, are waited for.  Not a whole period: pointers that move in steps of their own
 * (snd-aloop's by jiffies, 960 frames of 1024, and with it dmix's on that card) would come past a queue of two periods.
 */
static uint32_t least_frames(const pcmio_alsa_stream *stream) { return (stream->config.period_frames + 1) / 2; }

static bool is_moving(const pcmio_alsa_stream *stream) {
  return stream->phase == PCMIO_ALSA_MOVING || stream->phase == PCMIO_ALSA_FINISHING;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

/* Told once: from now on nothing is asked of the PCM but to close. */
static void give_up(pcmio_alsa_stream *stream, uint32_t note, int32_t code) {
  if (stream->phase != PCMIO_ALSA_LOST) {
    stream->phase = PCMIO_ALSA_LOST;
    stream->draining = false;
    atomic_store_explicit(&stream->owing, 0, memory_order_relaxed);
    pcmio_pump_note(stream->pump, note, code, 0);
  }
}

static void lose(pcmio_alsa_stream *stream) { give_up(stream, PCMIO_NOTE_DEVICE_LOST, -ENODEV); }

void pcmio_alsa_look(pcmio_alsa_stream *stream, bool gone) {
  if (gone || stream->api.state(stream->pcm) == PCMIO_ALSA_DISCONNECTED) {
    lose(stream);
  }
}

/* --- time --------------------------------------------------------------------------------------------------------- */

typedef struct {
  uint64_t at_nanos;
  uint64_t delay_frames; /* between the program's end of the queue and the converter, at that moment */
} moment;

/* 0: none.  The struct is libasound's, whose time may have fewer bits than ours. */
static uint64_t stamp(void (*get)(const void *, void *), const void *status) {
  union {
    struct timespec time;
    uint64_t room[4];
  } taken = {.room = {0}};
  get(status, &taken.time);
  return (uint64_t)taken.time.tv_sec * NANOS + (uint64_t)taken.time.tv_nsec;
}

/* `held`: frames that the PCM has for us or from us, which is the least that its delay can be. */
static moment look_at_clock(pcmio_alsa_stream *stream, uint32_t held) {
  uint64_t now = pcmio_pump_now(stream->pump);
  moment found = {now, held};
  if (stream->clockless || stream->api.status(stream->pcm, stream->status) < 0) {
    return found;
  }
  long delay = stream->api.status_get_delay(stream->status);
  if (delay > (long)held && (uint64_t)delay < (uint64_t)LONGEST_DELAY_SECONDS * stream->config.rate) {
    found.delay_frames = (uint64_t)delay;
  }
  /* Plugins leave it 0 (pulse), and a library of before 1.0.27 gives the time of day. */
  uint64_t stamped = stamp(stream->api.status_get_htstamp, stream->status);
  if (stamped <= now && now - stamped < OLDEST_STAMP) {
    found.at_nanos = stamped;
  }
  return found;
}

/* --- progress ----------------------------------------------------------------------------------------------------- */

static void moved(pcmio_alsa_stream *stream, uint32_t frames, uint32_t queued) {
  stream->failures = 0;
  stream->useless = 0;
  stream->paced += frames;
  stream->full_nanos = pcmio_pump_now(stream->pump);
  stream->full_frames = queued;
}

/* Woken for too little: timer-driven plugins do that.  Twice it is chance; from then on the clock decides,
 * since a descriptor that is always ready would keep the processor busy. */
static void was_useless(pcmio_alsa_stream *stream, uint32_t room) {
  uint32_t period = stream->config.period_frames;
  if (stream->useless++ >= MOST_USELESS || stream->clockless) {
    stream->nap_nanos = pcmio_alsa_nanos(stream, period - room > period / 4 ? period - room : period / 4 + 1);
  }
}

/* --- native memory ------------------------------------------------------------------------------------------------ */

static uint8_t *area_at(const pcmio_alsa_area *area, unsigned long offset) {
  return (uint8_t *)area->addr + (area->first + (size_t)offset * area->step) / 8;
}

/* Where each channel, or the frame, begins. */
static void find_mapped(const pcmio_alsa_stream *stream, const pcmio_alsa_area *areas, unsigned long offset,
                        void **found) {
  uint32_t count = stream->config.planar != 0 ? stream->config.channels : 1;
  for (uint32_t i = 0; i < count; i++) {
    found[i] = area_at(&areas[i], offset);
  }
}

static void find_staged(const pcmio_alsa_stream *stream, uint32_t frame, void **found) {
  const pcmio_alsa_config *config = &stream->config;
  if (config->planar == 0) {
    found[0] = stream->staging + (size_t)frame * config->channels * config->sample_bytes;
    return;
  }
  for (uint32_t channel = 0; channel < config->channels; channel++) {
    found[channel] = stream->staging + ((size_t)channel * config->buffer_frames + frame) * config->sample_bytes;
  }
}

/* Through the device's own memory, piece by piece: `move` fills each, or takes what is in it. */
static int32_t move_mapped(pcmio_alsa_stream *stream, uint32_t promised, uint64_t instant,
                           void (*move)(pcmio_alsa_stream *, void *const *, uint32_t, uint64_t)) {
  const pcmio_alsa_api *api = &stream->api;
  uint32_t frames = promised;
  while (frames != 0) {
    void *found[PCMIO_ALSA_CHANNELS];
    const void *areas = NULL;
    unsigned long offset = 0;
    unsigned long piece = frames;
    int32_t code = api->mmap_begin(stream->pcm, &areas, &offset, &piece);
    if (code < 0 || piece == 0) {
      return code < 0 ? code : frames == promised ? -EAGAIN : 0;
    }
    piece = smaller((uint32_t)piece, frames);
    find_mapped(stream, areas, offset, found);
    move(stream, found, (uint32_t)piece, instant);
    long taken = api->mmap_commit(stream->pcm, offset, piece);
    if (taken != (long)piece) {
      return taken < 0 ? (int32_t)taken : -EPIPE;
    }
    frames -= (uint32_t)piece;
    instant += pcmio_alsa_nanos(stream, piece);
  }
  return 0;
}

/* --- output ------------------------------------------------------------------------------------------------------- */

static void fill(pcmio_alsa_stream *stream, void *const *outputs, uint32_t frames, uint64_t instant) {
  pcmio_pump *pump = stream->pump;
  uint64_t before = atomic_load_explicit(&pump->out.ring.read, memory_order_relaxed);
  pcmio_pump_transfer(pump, NULL, outputs, frames, instant, instant);
  uint64_t real = atomic_load_explicit(&pump->out.ring.read, memory_order_relaxed) - before;
  if (real != 0) {
    stream->last_real = stream->written + real;
    stream->heard_nanos = instant + pcmio_alsa_nanos(stream, real);
  }
  stream->written += frames;
}

/* What the PCM did not take stays staged, in order, for the next time. */
static int32_t push(pcmio_alsa_stream *stream) {
  while (stream->staged != 0) {
    void *buffers[PCMIO_ALSA_CHANNELS];
    find_staged(stream, stream->staged_at, buffers);
    long taken = stream->config.planar != 0 ? stream->api.writen(stream->pcm, buffers, stream->staged)
                                            : stream->api.writei(stream->pcm, buffers[0], stream->staged);
    if (taken <= 0) {
      return taken == 0 ? -EAGAIN : (int32_t)taken;
    }
    uint32_t frames = smaller((uint32_t)taken, stream->staged);
    stream->staged_at += frames;
    stream->staged -= frames;
  }
  return 0;
}

static int32_t write_staged(pcmio_alsa_stream *stream, uint32_t frames, uint64_t instant) {
  void *outputs[PCMIO_ALSA_CHANNELS];
  find_staged(stream, 0, outputs);
  fill(stream, outputs, frames, instant);
  stream->staged_at = 0;
  stream->staged = frames;
  return push(stream);
}

/* How many frames to write now.  What Python has not ready yet can wait while the device's queue lasts for another
 * period; then silence takes its place.  When nothing more is to come, silence follows it as far as there is room. */
static uint32_t frames_due(const pcmio_alsa_stream *stream, uint32_t mode, uint32_t room, uint32_t queued) {
  uint32_t ready = pcmio_pump_ready(stream->pump, mode);
  if (ready >= room || mode != PCMIO_RUNNING) {
    return room;
  }
  uint32_t period = stream->config.period_frames;
  uint32_t least = queued < period ? smaller(period - queued, room) : 0;
  return ready > least ? ready : least;
}

/* When to look again; the descriptors would say at once that there is room for what Python has not ready. */
static void rest(pcmio_alsa_stream *stream, uint32_t room, uint32_t due, uint32_t queued) {
  uint32_t period = stream->config.period_frames;
  uint32_t buffer = stream->config.buffer_frames;
  bool owing = room - due >= least_frames(stream);
  uint32_t until = owing || buffer < period ? period : buffer - period;
  if (owing || stream->clockless) {
    stream->nap_nanos = pcmio_alsa_nanos(stream, (queued > until ? queued - until : 0) + period / 4 + 1);
  }
  atomic_store_explicit(&stream->owing, owing ? 1 : 0, memory_order_release);
}

static void hold(pcmio_alsa_stream *stream) {
  stream->phase = PCMIO_ALSA_HELD;
  stream->staged = 0;
  stream->full_frames = 0;
  atomic_store_explicit(&stream->owing, 0, memory_order_relaxed);
}

/* When as much silence as the queue holds has followed the last frame, that one is out of it; then its time must come.
 * snd_pcm_drain would say so too, but plugins wait in it as long as their server likes, and cannot be called off. */
static int32_t finish(pcmio_alsa_stream *stream) {
  if (!stream->draining && stream->phase != PCMIO_ALSA_FINISHING) {
    return 0;
  }
  uint64_t silence = (uint64_t)stream->config.buffer_frames + stream->config.tail_frames + stream->staged;
  bool out = stream->written >= stream->last_real + silence;
  if (!out || pcmio_pump_now(stream->pump) < stream->heard_nanos) {
    return 0;
  }
  if (stream->draining) {
    stream->draining = false;
    pcmio_pump_note(stream->pump, PCMIO_NOTE_NATIVE_DRAINED, 0, 0);
  }
  return stream->phase == PCMIO_ALSA_FINISHING ? pcmio_alsa_discard(stream) : 0;
}

/* Else nothing is wrong: a write was interrupted, or the rest is taken later. */
static bool has_failed(int32_t code) { return code < 0 && code != -EAGAIN && code != -EINTR; }

static int32_t give(pcmio_alsa_stream *stream, uint32_t room, uint32_t queued) {
  uint32_t mode = pcmio_pump_mode(stream->pump);
  uint32_t due = frames_due(stream, mode, room, queued);
  moment when = look_at_clock(stream, queued);
  uint64_t instant = when.at_nanos + pcmio_alsa_nanos(stream, when.delay_frames);
  pcmio_pump_set_latency(stream->pump, pcmio_alsa_nanos(stream, when.delay_frames), 0);
  if (due == 0) { /* an empty ring is still told: a drain may be waiting for it */
    void *outputs[1] = {NULL};
    pcmio_pump_transfer(stream->pump, NULL, outputs, 0, instant, instant);
    rest(stream, room, 0, queued);
    return 0;
  }
  int32_t code =
      stream->config.mapped != 0 ? move_mapped(stream, due, instant, fill) : write_staged(stream, due, instant);
  if (!has_failed(code)) {
    moved(stream, due, queued + due);
  }
  rest(stream, room, due, queued + due);
  return code;
}

static int32_t output_cycle(pcmio_alsa_stream *stream, int32_t state) {
  int32_t code = push(stream);
  long free_frames = code < 0 ? code : stream->api.avail(stream->pcm);
  if (free_frames < 0) {
    return (int32_t)free_frames;
  }
  uint32_t buffer = stream->config.buffer_frames;
  uint32_t avail = free_frames > (long)buffer ? buffer : (uint32_t)free_frames;
  uint32_t room = pcmio_alsa_output_room(stream, avail);
  if (room < least_frames(stream) && state != PCMIO_ALSA_PREPARED) {
    was_useless(stream, room);
    return finish(stream);
  }
  if (room != 0) {
    code = give(stream, room, buffer - room);
  }
  /* What is written through mmap starts nothing, and what is written starts only from the threshold on. */
  if (code == 0 && state == PCMIO_ALSA_PREPARED && stream->api.state(stream->pcm) == PCMIO_ALSA_PREPARED) {
    code = stream->api.start(stream->pcm);
  }
  return code < 0 ? code : finish(stream);
}

/* --- input -------------------------------------------------------------------------------------------------------- */

static void take(pcmio_alsa_stream *stream, void *const *inputs, uint32_t frames, uint64_t instant) {
  pcmio_pump_transfer(stream->pump, (const void *const *)inputs, NULL, frames, instant, instant);
}

/* Drivers leave the upper byte of 24 bits in 32 as they like. */
static void extend_signs(const pcmio_alsa_stream *stream, void *const *found, uint32_t frames) {
  const pcmio_alsa_config *config = &stream->config;
  uint32_t sign = config->sign_byte;
  uint32_t top = sign == 2 ? 3 : 0;
  size_t count = (size_t)frames * (config->planar != 0 ? 1 : config->channels);
  for (uint32_t area = 0; area < (config->planar != 0 ? config->channels : 1); area++) {
    uint8_t *sample = found[area];
    for (size_t i = 0; i < count; i++, sample += 4) {
      sample[top] = (sample[sign] & 0x80u) != 0 ? 0xff : 0;
    }
  }
}

static int32_t read_staged(pcmio_alsa_stream *stream, uint32_t ready, uint64_t instant) {
  uint32_t frames = ready;
  while (frames != 0) {
    void *found[PCMIO_ALSA_CHANNELS];
    find_staged(stream, 0, found);
    long taken = stream->config.planar != 0 ? stream->api.readn(stream->pcm, found, frames)
                                            : stream->api.readi(stream->pcm, found[0], frames);
    if (taken == 0 || taken == -EAGAIN) { /* it promised more than it has */
      return frames == ready ? -EAGAIN : 0;
    }
    if (taken < 0) {
      return (int32_t)taken;
    }
    uint32_t piece = smaller((uint32_t)taken, frames);
    if (stream->config.sign_byte != 0) {
      extend_signs(stream, found, piece);
    }
    take(stream, found, piece, instant);
    frames -= piece;
    instant += pcmio_alsa_nanos(stream, piece);
  }
  return 0;
}

static int32_t input_cycle(pcmio_alsa_stream *stream) {
  long ready = stream->api.avail(stream->pcm);
  if (ready < 0) {
    return (int32_t)ready;
  }
  uint32_t buffer = stream->config.buffer_frames;
  uint32_t avail = ready > (long)buffer ? buffer : (uint32_t)ready;
  uint32_t room = pcmio_alsa_input_room(stream, avail);
  if (room < least_frames(stream)) {
    was_useless(stream, room);
    return 0;
  }
  moment when = look_at_clock(stream, stream->clockless ? room : avail);
  uint64_t delay = pcmio_alsa_nanos(stream, when.delay_frames);
  uint64_t instant = delay < when.at_nanos ? when.at_nanos - delay : 0;
  pcmio_pump_set_latency(stream->pump, 0, delay);
  int32_t code =
      stream->config.mapped != 0 ? move_mapped(stream, room, instant, take) : read_staged(stream, room, instant);
  if (code >= 0) {
    moved(stream, room, room);
  }
  if (stream->clockless) {
    stream->nap_nanos = pcmio_alsa_nanos(stream, stream->config.period_frames);
  }
  return code;
}

/* --- misfortune --------------------------------------------------------------------------------------------------- */

/* How long the device stood still, as far as it says when it stopped; for recording, what it had is gone too. */
static void count_xrun(pcmio_alsa_stream *stream) {
  const pcmio_alsa_api *api = &stream->api;
  uint64_t frames = 0;
  bool all_is_written = stream->config.output != 0 && pcmio_ring_readable(&stream->pump->out.ring) == 0;
  if (pcmio_pump_mode(stream->pump) == PCMIO_DRAINING && all_is_written) {
    return; /* it ran dry because nothing more is to be played */
  }
  if (api->status(stream->pcm, stream->status) >= 0) {
    uint64_t now = pcmio_pump_now(stream->pump);
    uint64_t since = stamp(api->status_get_trigger_htstamp, stream->status);
    if (since < stream->full_nanos) { /* 0, or of the start (HDA): then from when its queue must have run out */
      uint32_t left = stream->config.output != 0 ? stream->full_frames : stream->config.buffer_frames;
      since = stream->full_nanos + pcmio_alsa_nanos(stream, left);
    }
    frames = since <= now && now - since < LONGEST_GAP ? pcmio_alsa_frames(stream, now - since) : 0;
  }
  pcmio_pump_xrun(stream->pump, frames + (stream->config.output != 0 ? 0 : stream->config.buffer_frames));
}

/* Nothing is queued any more: who waited for that waits no longer. */
static void is_empty(pcmio_alsa_stream *stream) {
  stream->clockless = stream->config.clockless != 0;
  stream->paced_from = pcmio_pump_now(stream->pump);
  stream->paced = 0;
  stream->full_frames = 0;
  stream->hurries = 0;
  stream->full_nanos = stream->paced_from;
  stream->written = stream->last_real + stream->config.buffer_frames + stream->config.tail_frames;
  stream->heard_nanos = stream->paced_from;
}

/* Makes it ready anew, and lets a capture run; true: serve it at once.  Who cannot be made ready any more is gone,
 * whatever it says: a plugin's server, most likely. */
static bool begin_again(pcmio_alsa_stream *stream, int32_t why) {
  int32_t code = stream->api.prepare(stream->pcm);
  if (code >= 0 && stream->config.output == 0) {
    code = stream->api.start(stream->pcm);
  }
  bool too_often = ++stream->failures > MOST_FAILURES;
  if (code == -ENODEV || (code < 0 && too_often)) {
    give_up(stream, PCMIO_NOTE_DEVICE_LOST, code);
  } else if (too_often) {
    give_up(stream, PCMIO_NOTE_FAILED, why);
  } else if (code >= 0) {
    is_empty(stream);
    return true;
  }
  stream->nap_nanos = pcmio_alsa_nanos(stream, stream->config.period_frames);
  return false;
}

static bool wake_up(pcmio_alsa_stream *stream) {
  if (!stream->asleep) {
    stream->asleep = true;
    pcmio_pump_note(stream->pump, PCMIO_NOTE_SUSPENDED, 0, 0);
  }
  int32_t code = stream->config.can_resume != 0 ? stream->api.resume(stream->pcm) : -ENOSYS;
  if (code < 0 && code != -EAGAIN && code != -ENODEV) {
    code = stream->api.prepare(stream->pcm);
    is_empty(stream);
  }
  if (code >= 0 && stream->config.output == 0 && stream->api.state(stream->pcm) == PCMIO_ALSA_PREPARED) {
    code = stream->api.start(stream->pcm);
  }
  if (code == -ENODEV) {
    lose(stream);
  }
  if (code < 0) { /* not awake yet; for as long as it takes */
    stream->nap_nanos = ASLEEP_NANOS;
    return false;
  }
  stream->asleep = false;
  pcmio_pump_note(stream->pump, PCMIO_NOTE_RESUMED, 0, 0);
  return true;
}

/* True: serve it at once. */
static bool recover(pcmio_alsa_stream *stream, int32_t code) {
  if (code == -EAGAIN || code == -EINTR) {
    stream->nap_nanos = pcmio_alsa_nanos(stream, stream->config.period_frames / 4 + 1);
    return false;
  }
  int32_t state = stream->api.state(stream->pcm);
  if (code == -ENODEV || state == PCMIO_ALSA_DISCONNECTED) {
    lose(stream);
    return false;
  }
  if (code == -ESTRPIPE || state == PCMIO_ALSA_SUSPENDED) {
    return wake_up(stream);
  }
  if (code == -EPIPE || state == PCMIO_ALSA_XRUN) {
    count_xrun(stream);
  }
  return begin_again(stream, code);
}

static int32_t trouble_of(int32_t state) {
  switch (state) {
  case PCMIO_ALSA_DISCONNECTED:
    return -ENODEV;
  case PCMIO_ALSA_SUSPENDED:
    return -ESTRPIPE;
  case PCMIO_ALSA_XRUN:
    return -EPIPE;
  case PCMIO_ALSA_SETUP:
    return -EBADFD;
  default:
    return 0;
  }
}

void pcmio_alsa_cycle(pcmio_alsa_stream *stream, bool gone) {
  bool again = true;
  stream->nap_nanos = 0;
  if (gone) {
    lose(stream);
  }
  for (uint32_t attempt = 0; attempt < 2 && again && is_moving(stream); attempt++) {
    int32_t state = stream->api.state(stream->pcm);
    int32_t code = trouble_of(state);
    if (code == 0) {
      code = stream->config.output != 0 ? output_cycle(stream, state) : input_cycle(stream);
    }
    again = code < 0 && recover(stream, code);
  }
}

/* --- orders ------------------------------------------------------------------------------------------------------- */

/* From wherever it is to PREPARED, with nothing queued. */
static int32_t make_ready(pcmio_alsa_stream *stream) {
  int32_t code = stream->api.state(stream->pcm) == PCMIO_ALSA_PREPARED ? 0 : stream->api.prepare(stream->pcm);
  is_empty(stream);
  stream->written = stream->last_real = 0;
  stream->staged = 0;
  return code;
}

int32_t pcmio_alsa_start(pcmio_alsa_stream *stream) {
  int32_t code = 0;
  if (stream->phase == PCMIO_ALSA_LOST) {
    return -ENODEV;
  }
  stream->draining = stream->asleep = false;
  stream->failures = stream->useless = 0;
  if (stream->phase == PCMIO_ALSA_PAUSED) {
    code = stream->api.pause(stream->pcm, 0);
    stream->full_frames = 0;
  }
  if (stream->phase == PCMIO_ALSA_HELD || code < 0) {
    code = make_ready(stream);
    if (code >= 0 && stream->config.output == 0) {
      code = stream->api.start(stream->pcm);
    }
  }
  if (code < 0) {
    hold(stream);
    pcmio_alsa_look(stream, code == -ENODEV);
    return code;
  }
  stream->phase = PCMIO_ALSA_MOVING;
  pcmio_alsa_cycle(stream, false);
  return stream->phase == PCMIO_ALSA_LOST ? -ENODEV : 0;
}

int32_t pcmio_alsa_pause(pcmio_alsa_stream *stream) {
  if (!is_moving(stream)) {
    return 0;
  }
  if (stream->config.output == 0) {
    return pcmio_alsa_discard(stream);
  }
  stream->draining = false;
  stream->phase = PCMIO_ALSA_FINISHING;
  /* The kernel takes it in no other state. */
  if (stream->config.can_pause != 0 && stream->staged == 0 && stream->api.state(stream->pcm) == PCMIO_ALSA_RUNNING &&
      stream->api.pause(stream->pcm, 1) >= 0) {
    stream->phase = PCMIO_ALSA_PAUSED;
    pcmio_pump_held(stream->pump, pcmio_pump_now(stream->pump));
  }
  return 0;
}

/* Takes back what has not been played yet, but for what may be on its way at this moment. */
static void take_back(pcmio_alsa_stream *stream) {
  uint32_t period = stream->config.period_frames;
  long frames = stream->api.rewindable(stream->pcm);
  if (frames > (long)period) {
    stream->api.rewind(stream->pcm, (unsigned long)frames - period);
  }
  stream->staged = 0;
  stream->last_real = stream->written;
  stream->heard_nanos = 0;
  stream->full_frames = 0;
}

int32_t pcmio_alsa_discard(pcmio_alsa_stream *stream) {
  stream->draining = false;
  if (stream->phase == PCMIO_ALSA_LOST) {
    return 0;
  }
  if (stream->config.repeats != 0 && stream->phase == PCMIO_ALSA_MOVING) {
    take_back(stream);
    stream->phase = PCMIO_ALSA_FINISHING;
    pcmio_alsa_cycle(stream, false);
    return 0;
  }
  hold(stream);
  stream->api.drop(stream->pcm); /* fails when there is nothing to drop */
  int32_t code = stream->api.prepare(stream->pcm);
  pcmio_alsa_look(stream, code == -ENODEV);
  return stream->phase == PCMIO_ALSA_LOST || code == -ESTRPIPE ? 0 : code;
}

int32_t pcmio_alsa_drain(pcmio_alsa_stream *stream) {
  stream->draining = stream->phase == PCMIO_ALSA_MOVING;
  if (!stream->draining && stream->phase != PCMIO_ALSA_LOST) {
    pcmio_pump_note(stream->pump, PCMIO_NOTE_NATIVE_DRAINED, 0, 0);
  }
  return 0;
}
