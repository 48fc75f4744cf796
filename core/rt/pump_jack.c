/* JACK's callbacks.
 *
 * One client serves many streams: a client of its own for each would cost the server a process, a thread and a context
 * switch per stream and cycle.  libjack calls `process` on its real-time thread and the others on a thread for
 * notifications (jackd2), on the real-time thread (jackd1: buffer size; PipeWire's libjack: xruns), so all of them keep
 * to the rules of an audio thread. */
#include "pump_jack.h"

#include <string.h>

#include "clock.h"
#include "pump.h"

#define USEC_NANOS 1000u
/* jackd reports an xrun that made us miss cycles before or after those cycles are missed; the jump of the frame counter
 * has told it already, and better. */
#define SAME_XRUN_USECS 100000
#define STEADY_CYCLES 3u
#define MOST_AHEAD_USECS 500u

#define HASH_BEGIN 14695981039346656037u /* FNV-1a, 64 bits */
#define HASH_PRIME 1099511628211u

#define CAPTURE 0 /* JackLatencyCallbackMode */

typedef struct {
  uint32_t least;
  uint32_t most;
} latency_range; /* jack_latency_range_t */

/* --- one cycle: process thread ------------------------------------------------------------------------------------ */

typedef struct {
  uint32_t frames;
  uint64_t nanos;     /* when it began */
  uint64_t end_usecs; /* 0: not known well enough, or nobody waits for it */
  uint64_t lost;      /* frames that passed without us before it */
  bool late;          /* what came too late before it was not played */
  bool punctual;      /* or was, since the server waits */
  bool xrun;          /* the server reported one, and does not say of how many frames */
} cycle;

/* The frame counter tells exactly what passed without us, when the server was too fast for this machine.  But
 * jackd2 1.9.21 lets it jump when the period changes, for two cycles, and a freewheeling server does as it likes. */
static uint64_t missed_frames(pcmio_jack_client *client, uint32_t at, uint32_t frames) {
  int32_t jump = (int32_t)(at - client->next_frame); /* the counter wraps */
  if (frames != client->frames || client->holding) {
    client->steady_cycles = 0;
  }
  bool steady = client->steady_cycles >= STEADY_CYCLES;
  client->steady_cycles += steady ? 0 : 1;
  client->frames = frames;
  client->next_frame = at + frames;
  return steady && jump > 0 ? (uint64_t)jump : 0;
}

/* jackd2 1.9.21 smooths these times so much that after it was held up they run ahead for a while, by more than a
 * period: of what has begun that is known to be wrong. */
static uint64_t begin_usecs(uint64_t now_usecs, uint64_t told_usecs) {
  return told_usecs > now_usecs + MOST_AHEAD_USECS ? now_usecs : told_usecs;
}

/* jackd goes on without a client that is late, and reports that; with -S it waits, as jackd1 does, and reports only
 * what the device lost by that: jackd2 then begins its time anew with the next cycle.  So frames that came too late are
 * lost once there is a report, or whole cycles passed, unless the next cycle began after them. */
static void judge(pcmio_jack_client *client, cycle *now, uint64_t usecs) {
  bool reported = atomic_exchange_explicit(&client->xruns, 0, memory_order_relaxed) != 0;
  bool late = client->late_usecs != 0;
  bool waited = late && client->late_just_now && usecs >= client->late_usecs;
  client->late_just_now = false;
  now->late = late && !waited && (reported || now->lost != 0);
  now->punctual = late && !now->late && (waited || (int64_t)(usecs - client->late_usecs) > SAME_XRUN_USECS);
  if (now->late || now->punctual) {
    client->late_usecs = 0;
  }
  if (now->lost != 0 || now->late) {
    client->jump_usecs = usecs;
  } else if (reported) {
    int64_t since = (int64_t)(usecs - client->jump_usecs); /* times that ran ahead come back */
    now->xrun = client->jump_usecs == 0 || since > SAME_XRUN_USECS;
  }
}

static cycle begin_cycle(pcmio_jack_client *client, uint32_t frames) {
  uint32_t at = 0;
  uint64_t usecs = 0;
  uint64_t next_usecs = 0;
  float period_usecs = 0;
  cycle now = {.frames = frames};
  if (client->api.get_cycle_times(client->handle, &at, &usecs, &next_usecs, &period_usecs) != 0) {
    client->steady_cycles = 0; /* PipeWire's libjack has no position before its first cycle */
    now.nanos = client->api.get_time() * USEC_NANOS;
    return now;
  }
  uint64_t entered = client->api.get_time();
  uint64_t begin = begin_usecs(entered, usecs);
  now.nanos = begin * USEC_NANOS;
  now.lost = missed_frames(client, at, frames);
  /* A cycle that has ended when it begins is one of a server that was held up, or of us: that is not to be told. */
  if (client->steady_cycles >= STEADY_CYCLES && next_usecs > usecs && begin + (next_usecs - usecs) > entered) {
    now.end_usecs = begin + (next_usecs - usecs);
  }
  judge(client, &now, usecs);
  return now;
}

static void take_buffers(const pcmio_jack_client *client, pcmio_jack_side *side, uint32_t frames) {
  for (uint32_t channel = 0; channel < side->channels; channel++) {
    side->buffers[channel] = client->api.port_get_buffer(side->ports[channel], frames);
  }
}

static void silence(pcmio_jack_side *side, uint32_t frames) {
  for (uint32_t channel = 0; channel < side->channels; channel++) {
    memset(side->buffers[channel], 0, frames * sizeof(float));
  }
}

static uint64_t side_nanos(const pcmio_jack_client *client, const pcmio_jack_side *side) {
  uint32_t frames = atomic_load_explicit(&side->latency_frames, memory_order_relaxed);
  if (frames == PCMIO_JACK_UNMEASURED) {
    frames = atomic_load_explicit(&client->period_frames, memory_order_relaxed);
  }
  return pcmio_frames_nanos(frames, atomic_load_explicit(&client->rate, memory_order_relaxed));
}

static void serve(pcmio_jack_client *client, pcmio_jack_stream *stream, const cycle *now) {
  uint64_t late = now->late ? stream->late_frames : 0;
  stream->late_frames = now->late || now->punctual ? 0 : stream->late_frames;
  stream->given = 0;
  take_buffers(client, &stream->in, now->frames);
  take_buffers(client, &stream->out, now->frames);
  if (atomic_load_explicit(&stream->retiring, memory_order_acquire) != 0) {
    silence(&stream->out, now->frames);
    atomic_store_explicit(&stream->retired, 1, memory_order_release);
    return;
  }
  if (client->holding) {
    silence(&stream->out, now->frames);
    return;
  }
  if (client->denied_code != 0 && !stream->told_denied) {
    stream->told_denied = true;
    pcmio_pump_note(stream->pump, PCMIO_NOTE_REALTIME_DENIED, client->denied_code, 0);
  }
  if (now->lost != 0 || late != 0 || now->xrun) {
    pcmio_pump_lost(stream->pump, now->lost, late);
  }
  uint64_t before = pcmio_pump_position(stream->pump);
  uint64_t in_nanos = side_nanos(client, &stream->in);
  pcmio_pump_transfer(stream->pump, stream->in.channels != 0 ? (const void *const *)stream->in.buffers : NULL,
                      stream->out.channels != 0 ? stream->out.buffers : NULL, now->frames,
                      now->nanos > in_nanos ? now->nanos - in_nanos : 0, now->nanos + side_nanos(client, &stream->out));
  stream->given = stream->out.channels != 0 ? pcmio_pump_position(stream->pump) - before : 0;
}

/* What is handed over after the cycle's end is not played by a server that does not wait.  Silence among it is no loss,
 * or was counted when there was nothing else. */
static void look_at_the_time(pcmio_jack_client *client, uint32_t end, const cycle *now) {
  if (now->end_usecs == 0 || client->holding) {
    return;
  }
  uint64_t usecs = client->api.get_time();
  if (usecs <= now->end_usecs) {
    return;
  }
  client->late_usecs = usecs;
  client->late_just_now = true;
  for (uint32_t i = 0; i < end; i++) {
    pcmio_jack_stream *stream = pcmio_roster_entry(&client->streams, i);
    if (stream != NULL) {
      stream->late_frames += stream->given;
    }
  }
}

/* A freewheeling server runs as fast as it can, and no user's callback could keep pace: streams stand still meanwhile.
 */
static void hold_or_go_on(pcmio_jack_client *client, uint32_t end) {
  bool hold = atomic_load_explicit(&client->freewheeling, memory_order_relaxed) != 0;
  if (hold == client->holding) {
    return;
  }
  client->holding = hold;
  for (uint32_t i = 0; i < end; i++) {
    const pcmio_jack_stream *stream = pcmio_roster_entry(&client->streams, i);
    if (stream != NULL) {
      pcmio_pump_note(stream->pump, hold ? PCMIO_NOTE_SUSPENDED : PCMIO_NOTE_RESUMED, 0, 0);
    }
  }
}

int32_t pcmio_jack_process(uint32_t frames, void *argument) {
  pcmio_jack_client *client = argument;
  cycle now = begin_cycle(client, frames);
  if (!client->asked_denied) {
    client->asked_denied = true;
    client->denied_code = client->denied();
  }
  uint32_t end = pcmio_roster_enter(&client->streams);
  hold_or_go_on(client, end);
  for (uint32_t i = 0; i < end; i++) {
    pcmio_jack_stream *stream = pcmio_roster_entry(&client->streams, i);
    if (stream != NULL) {
      serve(client, stream, &now);
    }
  }
  look_at_the_time(client, end, &now);
  pcmio_roster_leave(&client->streams);
  return 0;
}

uint64_t pcmio_jack_name_hash(const char *name) {
  uint64_t hash = HASH_BEGIN;
  for (; *name != '\0'; name++) {
    hash = (hash ^ (uint8_t)*name) * HASH_PRIME;
  }
  return hash;
}

/* --- notifications ------------------------------------------------------------------------------------------------ */

static void tell_all(pcmio_jack_client *client, uint32_t kind, int32_t code, uint64_t value) {
  uint32_t end = pcmio_roster_enter(&client->streams);
  for (uint32_t i = 0; i < end; i++) {
    const pcmio_jack_stream *stream = pcmio_roster_entry(&client->streams, i);
    if (stream != NULL) {
      pcmio_pump_note(stream->pump, kind, code, value);
    }
  }
  pcmio_roster_leave(&client->streams);
}

int32_t pcmio_jack_xrun(void *argument) {
  pcmio_jack_client *client = argument;
  atomic_fetch_add_explicit(&client->xruns, 1, memory_order_relaxed);
  return 0;
}

int32_t pcmio_jack_sample_rate(uint32_t rate, void *argument) {
  pcmio_jack_client *client = argument;
  if (atomic_exchange_explicit(&client->rate, rate, memory_order_relaxed) != rate) {
    tell_all(client, PCMIO_NOTE_RATE_CHANGED, 0, rate);
  }
  return 0;
}

int32_t pcmio_jack_graph_order(void *argument) {
  pcmio_jack_client *client = argument;
  atomic_fetch_add(&client->orders, 1);
  return 0;
}

void pcmio_jack_registered(const char *name, int32_t registered, void *argument) {
  pcmio_jack_client *client = argument;
  if (registered != 0) {
    return;
  }
  uint64_t hash = pcmio_jack_name_hash(name);
  uint32_t end = pcmio_roster_enter(&client->streams);
  for (uint32_t i = 0; i < end; i++) {
    const pcmio_jack_stream *stream = pcmio_roster_entry(&client->streams, i);
    if (stream != NULL && atomic_load(&stream->owner) == hash) {
      pcmio_pump_note(stream->pump, PCMIO_NOTE_DEVICE_LOST, 0, 0);
    }
  }
  pcmio_roster_leave(&client->streams);
}

void pcmio_jack_freewheel(int32_t starting, void *argument) {
  pcmio_jack_client *client = argument;
  atomic_store_explicit(&client->freewheeling, starting != 0, memory_order_relaxed);
}

void pcmio_jack_tell_lost(pcmio_jack_client *client, pcmio_jack_stream *stream) {
  if (atomic_exchange(&stream->told_lost, 1) == 0) {
    pcmio_pump_note(stream->pump, PCMIO_NOTE_HOST_LOST, atomic_load(&client->code), 0);
  }
}

void pcmio_jack_lose(pcmio_jack_client *client, int32_t code) {
  atomic_store(&client->code, code);
  atomic_store(&client->lost, 1); /* before the walk: a stream that joins during it looks at this afterwards */
  uint32_t end = pcmio_roster_enter(&client->streams);
  for (uint32_t i = 0; i < end; i++) {
    pcmio_jack_stream *stream = pcmio_roster_entry(&client->streams, i);
    if (stream != NULL) {
      pcmio_jack_tell_lost(client, stream);
    }
  }
  pcmio_roster_leave(&client->streams);
}

void pcmio_jack_shutdown(uint32_t code, const char *reason, void *argument) {
  if (reason != NULL && reason[0] != '\0') {
    pcmio_message_error(reason);
  }
  pcmio_jack_lose(argument, (int32_t)code);
}

/* PipeWire 0.3.65 takes the callback above and never calls it; jackd1 and jackd2 call that one of the two. */
void pcmio_jack_gone(void *argument) {
  pcmio_jack_client *client = argument;
  if (atomic_load(&client->lost) == 0) {
    pcmio_jack_lose(client, 0);
  }
}

/* --- latencies: notifications' thread or Python's ------------------------------------------------------------------
 */

static uint32_t largest_latency(const pcmio_jack_client *client, const pcmio_jack_side *side, uint32_t mode) {
  uint32_t most = 0;
  for (uint32_t channel = 0; channel < side->channels; channel++) {
    latency_range range = {0, 0};
    client->api.port_get_latency_range(side->ports[channel], mode, &range);
    most = range.most > most ? range.most : most;
  }
  return most;
}

static void publish_latency(const pcmio_jack_client *client, const pcmio_jack_side *side, uint32_t mode,
                            uint32_t frames) {
  latency_range range = {frames, frames};
  for (uint32_t channel = 0; channel < side->channels; channel++) {
    client->api.port_set_latency_range(side->ports[channel], mode, &range);
  }
}

static void tell_pump_latency(const pcmio_jack_client *client, pcmio_jack_stream *stream) {
  pcmio_pump_set_latency(stream->pump, stream->out.channels != 0 ? side_nanos(client, &stream->out) : 0,
                         stream->in.channels != 0 ? side_nanos(client, &stream->in) : 0);
}

uint32_t pcmio_jack_measure(pcmio_jack_client *client, pcmio_jack_stream *stream, uint32_t mode, bool settled) {
  pcmio_jack_side *side = mode == CAPTURE ? &stream->in : &stream->out;
  uint32_t frames = largest_latency(client, side, mode);
  if (settled || frames != 0) {
    atomic_store_explicit(&side->latency_frames, frames, memory_order_relaxed);
  }
  tell_pump_latency(client, stream);
  return frames;
}

/* A client with a latency callback carries latencies through itself.  Without one JACK takes every input of a client to
 * reach every output of it; but streams have nothing to do with each other, and only a duplex one passes its input on.
 */
static void carry(pcmio_jack_client *client, pcmio_jack_stream *stream, uint32_t mode) {
  uint32_t frames = pcmio_jack_measure(client, stream, mode, true);
  publish_latency(client, mode == CAPTURE ? &stream->out : &stream->in, mode, frames);
}

void pcmio_jack_latency(uint32_t mode, void *argument) {
  pcmio_jack_client *client = argument;
  uint32_t end = pcmio_roster_enter(&client->streams);
  for (uint32_t i = 0; i < end; i++) {
    pcmio_jack_stream *stream = pcmio_roster_entry(&client->streams, i);
    if (stream != NULL) {
      carry(client, stream, mode);
    }
  }
  pcmio_roster_leave(&client->streams);
}

int32_t pcmio_jack_buffer_size(uint32_t frames, void *argument) {
  pcmio_jack_client *client = argument;
  /* jackd1 and PipeWire's libjack call this with the old value too, when the client is activated. */
  if (atomic_exchange_explicit(&client->period_frames, frames, memory_order_relaxed) == frames) {
    return 0;
  }
  uint32_t end = pcmio_roster_enter(&client->streams);
  for (uint32_t i = 0; i < end; i++) {
    pcmio_jack_stream *stream = pcmio_roster_entry(&client->streams, i);
    if (stream != NULL) {
      tell_pump_latency(client, stream);
      pcmio_pump_note(stream->pump, PCMIO_NOTE_BUFFER_CHANGED, 0, frames);
    }
  }
  pcmio_roster_leave(&client->streams);
  return 0;
}
