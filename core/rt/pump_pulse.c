/* PulseAudio's callbacks: the server asks for bytes, or has some; it tells what became of a stream.
 *
 * All run on the connection's main loop thread with its lock held.  A request is served straight into memory that
 * libpulse shares with the server, so that a frame is copied once. */
#include "pump_pulse.h"

#include "clock.h"
#include "pump.h"

#define FORGET_NANOS 1000000000u /* a gap that the server has not confirmed by then was none */

static uint32_t smaller(uint32_t one, uint32_t other) { return one < other ? one : other; }

/* --- time --------------------------------------------------------------------------------------------------------- */

/* From the next frame to be written or read to the converter, in nanoseconds; false before the first timing update. */
static bool latency(const pcmio_pulse_stream *stream, int64_t *nanos) {
  uint64_t micros = 0;
  int32_t negative = 0;
  if (stream->connection->api.stream_get_latency(stream->native, &micros, &negative) < 0) {
    return false;
  }
  *nanos = (int64_t)(micros * 1000u) * (negative != 0 ? -1 : 1);
  return true;
}

/* --- output ------------------------------------------------------------------------------------------------------- */

static uint64_t output_instant(pcmio_pulse_stream *stream, uint32_t queued) {
  int64_t nanos = 0;
  if (!latency(stream, &nanos)) {
    nanos = (int64_t)pcmio_frames_nanos(queued + stream->period_frames, stream->rate);
  }
  if (nanos < 0) {
    nanos = 0;
  }
  pcmio_pump_set_latency(stream->pump, (uint64_t)nanos, 0);
  return pcmio_pump_now(stream->pump) + (uint64_t)nanos;
}

/* The server played silence of its own for so long. */
static void report_underflow(pcmio_pulse_stream *stream, uint64_t gap_nanos) {
  uint64_t frames = gap_nanos / 1000u * stream->rate / 1000000u;
  stream->underflowed = false;
  stream->gap_nanos = 0;
  pcmio_pump_xrun(stream->pump, frames != 0 ? frames : 1);
}

/* Called before a write that will be heard from `instant` on.  When this thread was held up, requests that wait since
 * before the server ran dry come first, and its word of that after them: so the gap is kept until then. */
static void look_for_gap(pcmio_pulse_stream *stream, uint64_t instant) {
  uint64_t now = pcmio_pump_now(stream->pump);
  uint64_t end = stream->played_nanos;
  if (stream->underflowed) {
    report_underflow(stream, end != 0 && instant > end ? instant - end : 0);
  } else if (end != 0 && now > end) {
    stream->gap_nanos = now - end;
    stream->gap_at_nanos = now;
  } else if (now - stream->gap_at_nanos > FORGET_NANOS) {
    stream->gap_nanos = 0;
  }
}

/* How many frames to write now.  What Python has not ready yet can wait while the server's queue lasts for another
 * cycle; then silence takes its place.  Draining, nothing but real frames. */
static uint32_t frames_due(const pcmio_pulse_stream *stream, uint32_t mode, uint32_t wanted, uint32_t queued) {
  uint32_t ready = pcmio_pump_ready(stream->pump, mode);
  if (ready >= wanted || mode == PCMIO_DRAINING) {
    return smaller(ready, wanted);
  }
  uint32_t least = queued < stream->period_frames ? stream->period_frames - queued : 0;
  return ready > least ? ready : smaller(least, wanted);
}

/* Fills one piece of shared memory; returns how many frames of it are to be written. */
static uint32_t fill(pcmio_pulse_stream *stream, void *memory, uint32_t frames, uint64_t instant) {
  pcmio_pump *pump = stream->pump;
  void *outputs[1] = {memory};
  uint64_t before = atomic_load_explicit(&pump->out.ring.read, memory_order_relaxed);
  pcmio_pump_transfer(pump, NULL, outputs, frames, instant, instant);
  uint64_t moved = atomic_load_explicit(&pump->out.ring.read, memory_order_relaxed) - before;
  /* Python may have paused or begun to drain a moment ago: then silence must not get between two real frames. */
  return pcmio_pump_mode(pump) == PCMIO_RUNNING ? frames : (uint32_t)moved;
}

static bool write_piece(pcmio_pulse_stream *stream, uint32_t wanted, uint64_t instant, uint32_t *written) {
  const pcmio_pulse_api *api = &stream->connection->api;
  void *memory = NULL;
  size_t bytes = (size_t)wanted * stream->frame_bytes;
  *written = 0;
  if (api->stream_begin_write(stream->native, &memory, &bytes) < 0 || memory == NULL) {
    return false;
  }
  uint32_t room = smaller(wanted, (uint32_t)(bytes / stream->frame_bytes));
  uint32_t frames = room == 0 ? 0 : fill(stream, memory, room, instant);
  if (frames == 0) {
    api->stream_cancel_write(stream->native);
    return false;
  }
  if (api->stream_write(stream->native, memory, (size_t)frames * stream->frame_bytes, NULL, 0, 0) < 0) {
    return false;
  }
  *written = frames;
  return frames == room;
}

static void serve(pcmio_pulse_stream *stream, size_t bytes) {
  uint32_t mode = pcmio_pump_mode(stream->pump);
  if (bytes == (size_t)-1 || mode == PCMIO_IDLE) {
    return; /* what is asked for stays asked for */
  }
  uint32_t wanted = (uint32_t)(bytes / stream->frame_bytes);
  uint32_t queued = stream->queue_frames > wanted ? stream->queue_frames - wanted : 0;
  uint32_t due = frames_due(stream, mode, wanted, queued);
  uint64_t instant = output_instant(stream, queued);
  uint32_t left = due;
  if (due != 0) {
    look_for_gap(stream, instant);
  }
  for (uint32_t written = 0; left != 0 && write_piece(stream, left, instant, &written);) {
    left -= written;
    instant += pcmio_frames_nanos(written, stream->rate);
  }
  if (left != due) {
    stream->played_nanos = instant;
  }
  if (due == 0) { /* an empty ring is still told: a drain may be waiting for it */
    void *outputs[1] = {NULL};
    pcmio_pump_transfer(stream->pump, NULL, outputs, 0, instant, instant);
  }
  atomic_store_explicit(&stream->owing, left != 0 || wanted > due ? 1u : 0u, memory_order_release);
}

void pcmio_pulse_serve(pcmio_pulse_stream *stream) {
  serve(stream, stream->connection->api.stream_writable_size(stream->native));
}

void pcmio_pulse_on_write(void *native, size_t bytes, void *userdata) {
  (void)native;
  serve(userdata, bytes); /* all that is asked for, not only what the server asks for once more */
}

void pcmio_pulse_on_underflow(void *native, void *userdata) {
  pcmio_pulse_stream *stream = userdata;
  (void)native;
  uint32_t mode = pcmio_pump_mode(stream->pump);
  if (mode == PCMIO_IDLE || (mode == PCMIO_DRAINING && pcmio_ring_readable(&stream->pump->out.ring) == 0)) {
    return; /* it ran dry because nothing more is to be played */
  }
  if (stream->gap_nanos != 0) {
    report_underflow(stream, stream->gap_nanos);
  } else {
    stream->underflowed = true;
  }
}

void pcmio_pulse_on_overflow(void *native, void *userdata) {
  pcmio_pulse_stream *stream = userdata;
  (void)native;
  pcmio_pump_xrun(stream->pump, 0);
}

void pcmio_pulse_on_drained(void *native, int32_t success, void *userdata) {
  pcmio_pulse_stream *stream = userdata;
  (void)native;
  pcmio_pump_note(stream->pump, PCMIO_NOTE_NATIVE_DRAINED, success, 0);
}

/* --- input -------------------------------------------------------------------------------------------------------- */

void pcmio_pulse_on_read(void *native, size_t ignored, void *userdata) {
  pcmio_pulse_stream *stream = userdata;
  const pcmio_pulse_api *api = &stream->connection->api;
  int64_t behind = 0;
  uint64_t instant = pcmio_pump_now(stream->pump);
  (void)ignored;
  if (!latency(stream, &behind)) {
    behind = (int64_t)pcmio_frames_nanos(stream->period_frames, stream->rate);
  }
  /* A monitor is ahead of what it listens to: its frames will be heard, and so were "captured", in the future. */
  instant = behind > 0 && (uint64_t)behind > instant ? 0 : instant - (uint64_t)behind;
  pcmio_pump_set_latency(stream->pump, 0, behind > 0 ? (uint64_t)behind : 0);
  for (;;) {
    const void *memory = NULL;
    size_t bytes = 0;
    if (api->stream_peek(native, &memory, &bytes) < 0 || bytes == 0) {
      return;
    }
    uint32_t frames = (uint32_t)(bytes / stream->frame_bytes);
    if (memory != NULL) {
      const void *inputs[1] = {memory};
      pcmio_pump_transfer(stream->pump, inputs, NULL, frames, instant, instant);
    } else { /* a hole: the server lost this much */
      pcmio_pump_xrun(stream->pump, frames);
    }
    instant += pcmio_frames_nanos(frames, stream->rate);
    api->stream_drop(native);
  }
}

/* --- what became of it -------------------------------------------------------------------------------------------- */

void pcmio_pulse_on_context_state(void *context, void *userdata) {
  pcmio_pulse_connection *connection = userdata;
  atomic_store(&connection->error, connection->api.context_errno(context));
  atomic_store(&connection->state, connection->api.context_get_state(context));
  connection->post(connection->wakeup);
}

/* When a connection breaks, libpulse fails the context first and then each of its streams. */
void pcmio_pulse_on_state(void *native, void *userdata) {
  pcmio_pulse_stream *stream = userdata;
  const pcmio_pulse_connection *connection = stream->connection;
  uint32_t before = atomic_load(&stream->state);
  uint32_t state = connection->api.stream_get_state(native);
  int32_t error = connection->api.context_errno(connection->context);
  if (state == PCMIO_PA_STREAM_READY) {
    pcmio_pulse_read_attr(stream);
  }
  atomic_store(&stream->error, error);
  atomic_store(&stream->state, state);
  if (before == PCMIO_PA_STREAM_READY && (state == PCMIO_PA_STREAM_FAILED || state == PCMIO_PA_STREAM_TERMINATED)) {
    bool connected = connection->api.context_get_state(connection->context) == PCMIO_PA_CONTEXT_READY;
    pcmio_pump_note(stream->pump, connected ? PCMIO_NOTE_FAILED : PCMIO_NOTE_HOST_LOST, error, 0);
  }
  connection->post(stream->wakeup);
}

void pcmio_pulse_on_moved(void *native, void *userdata) {
  pcmio_pulse_stream *stream = userdata;
  (void)native;
  pcmio_pulse_read_attr(stream);
  pcmio_pump_note(stream->pump, PCMIO_NOTE_MOVED, 0, 0);
}

/* Servers put devices to sleep that nobody uses, and wake them for whoever starts: told is only what stops a stream
 * that should run. */
static void tell_sleep(pcmio_pulse_stream *stream) {
  bool asleep = stream->connection->api.stream_is_suspended(stream->native) > 0;
  if (asleep == stream->asleep || (asleep && !stream->going)) {
    return;
  }
  stream->asleep = asleep;
  pcmio_pump_note(stream->pump, asleep ? PCMIO_NOTE_SUSPENDED : PCMIO_NOTE_RESUMED, 0, 0);
}

void pcmio_pulse_on_suspended(void *native, void *userdata) {
  (void)native;
  tell_sleep(userdata);
}

/* Had the device been asleep for want of streams, the server would have said before this that it woke up. */
void pcmio_pulse_on_started(void *native, int32_t success, void *userdata) {
  pcmio_pulse_stream *stream = userdata;
  (void)native;
  if (success != 0) {
    stream->going = true;
    tell_sleep(stream);
  }
}

void pcmio_pulse_on_buffer_attr(void *native, void *userdata) {
  pcmio_pulse_stream *stream = userdata;
  (void)native;
  pcmio_pulse_read_attr(stream);
}

void pcmio_pulse_read_attr(pcmio_pulse_stream *stream) {
  const pcmio_pa_buffer_attr *attr = stream->connection->api.stream_get_buffer_attr(stream->native);
  if (attr != NULL && stream->output) {
    stream->queue_frames = attr->tlength / stream->frame_bytes;
  }
}
