/* PipeWire's process callback: once a cycle, or as often as its resampler wants more, on its real-time data thread.
 *
 * Nothing is queued in advance: what is handed over here is what this cycle plays. */
#include "pump_pipewire.h"

#include "clock.h"
#include "pump.h"

#define CYCLES_UNTIL_PRIORITY 64 /* the thread asks for it by D-Bus, which takes a while */
#define NANOS 1000000000

static uint32_t smaller(uint32_t one, uint32_t other) { return one < other ? one : other; }

/* --- the clock ---------------------------------------------------------------------------------------------------- */

static uint64_t to_frames(const pcmio_pipewire_stream *stream, uint64_t ticks, const pcmio_pw_clock *clock) {
  return ticks * clock->rate_num * stream->rate / clock->rate_denom;
}

/* A driver does not wait: what is handed over when its next cycle has begun is not played.  Of that nothing tells us,
 * unless we were so late that we missed a cycle altogether.  Silence among it is no loss, or was counted when there was
 * nothing else. */
static void look_at_the_time(pcmio_pipewire_stream *stream) {
  if (stream->followed && stream->end_nanos != 0 && pcmio_pump_now(stream->pump) > stream->end_nanos) {
    stream->late = stream->given;
  }
}

static uint64_t cycle_end(const pcmio_pw_clock *clock) {
  if ((clock->flags & PCMIO_PW_CLOCK_FREEWHEEL) != 0 || clock->nanos == 0) {
    return 0;
  }
  uint64_t length = clock->duration * clock->rate_num * NANOS / clock->rate_denom;
  return clock->next_nanos > clock->nanos ? clock->next_nanos : clock->nanos + length;
}

static void look_for_loss(pcmio_pipewire_stream *stream, const pcmio_pw_clock *clock) {
  uint64_t skipped = clock->position > stream->next_position ? clock->position - stream->next_position : 0;
  uint64_t late = clock->position >= stream->next_position ? stream->late : 0; /* else the cycle goes on */
  bool recovers = (clock->flags & ~stream->clock_flags & PCMIO_PW_CLOCK_XRUN_RECOVER) != 0;
  if (skipped != 0 || late != 0) { /* cycles that went by without us: this thread came late */
    pcmio_pump_lost(stream->pump, to_frames(stream, skipped, clock), late);
  } else if (recovers || clock->xrun != stream->xrun) { /* the driver's own; nobody knows how long */
    pcmio_pump_xrun(stream->pump, 0);
  }
  if (clock->duration != stream->quantum) {
    pcmio_pump_note(stream->pump, PCMIO_NOTE_BUFFER_CHANGED, 0, to_frames(stream, clock->duration, clock));
  }
}

static void follow_clock(pcmio_pipewire_stream *stream) {
  const pcmio_pw_clock *clock = atomic_load(&stream->clock);
  if (atomic_exchange_explicit(&stream->afresh, 0, memory_order_relaxed) != 0) {
    stream->followed = false;
  }
  if (clock == NULL || clock->rate_denom == 0 || pcmio_pump_mode(stream->pump) == PCMIO_IDLE) {
    stream->followed = false;
    return;
  }
  if (stream->followed && clock->id == stream->clock_id) {
    look_for_loss(stream, clock);
  }
  if (!stream->followed || clock->id != stream->clock_id || clock->position >= stream->next_position) {
    stream->given = stream->late = 0;
  }
  stream->followed = true;
  stream->clock_id = clock->id;
  stream->clock_flags = clock->flags;
  stream->next_position = clock->position + clock->duration;
  stream->xrun = clock->xrun;
  stream->quantum = clock->duration;
  stream->end_nanos = cycle_end(clock);
}

/* When the cycle began, and how far the device is from it; the answer is in nanoseconds. */
static uint64_t begin_cycle(pcmio_pipewire_stream *stream, int64_t *delay_nanos) {
  const pcmio_pipewire_api *api = &stream->connection->api;
  pcmio_pw_time time = {0};
  *delay_nanos = 0;
  if (api->stream_get_time_n != NULL) {
    api->stream_get_time_n(stream->native, &time, sizeof time);
  } else {
    api->stream_get_time(stream->native, &time);
  }
  if (time.now <= 0 || time.rate_denom == 0) {
    stream->cycle_frames = 0;
    return pcmio_pump_now(stream->pump);
  }
  *delay_nanos =
      time.delay * NANOS / time.rate_denom * time.rate_num + (int64_t)pcmio_frames_nanos(time.buffered, stream->rate);
  if ((uint64_t)time.now != stream->cycle_nanos) {
    stream->cycle_nanos = (uint64_t)time.now;
    stream->cycle_frames = 0;
  }
  return (uint64_t)time.now;
}

/* --- samples ------------------------------------------------------------------------------------------------------ */

static uint32_t room(const pcmio_pipewire_stream *stream, const pcmio_pw_buffer *buffer, const pcmio_pw_data *data) {
  uint32_t frames = data->memory == NULL ? 0 : data->max_bytes / stream->frame_bytes;
  return buffer->requested != 0 && buffer->requested < frames ? (uint32_t)buffer->requested : frames;
}

static void play(pcmio_pipewire_stream *stream) {
  const pcmio_pipewire_api *api = &stream->connection->api;
  int64_t delay = 0;
  uint64_t instant = begin_cycle(stream, &delay);
  pcmio_pw_buffer *buffer = api->stream_dequeue_buffer(stream->native);
  if (buffer == NULL) {
    return; /* all are still on their way: the cycle is lost, and the clock will tell */
  }
  pcmio_pw_data *data = &buffer->buffer->datas[0];
  uint32_t frames = room(stream, buffer, data);
  instant += (delay > 0 ? (uint64_t)delay : 0) + pcmio_frames_nanos(stream->cycle_frames, stream->rate);
  uint64_t now = pcmio_pump_now(stream->pump);
  pcmio_pump_set_latency(stream->pump, instant > now ? instant - now : 0, 0);
  if (frames != 0) {
    void *outputs[1] = {data->memory};
    uint64_t before = pcmio_pump_position(stream->pump);
    pcmio_pump_transfer(stream->pump, NULL, outputs, frames, instant, instant);
    uint64_t moved = pcmio_pump_position(stream->pump) - before;
    stream->given += moved;
    if (moved != 0) {
      atomic_store_explicit(&stream->heard_nanos, instant + pcmio_frames_nanos(moved, stream->rate),
                            memory_order_relaxed);
    }
  }
  stream->cycle_frames += frames;
  *data->chunk = (pcmio_pw_chunk){.size = frames * stream->frame_bytes, .stride = (int32_t)stream->frame_bytes};
  buffer->size = frames;
  api->stream_queue_buffer(stream->native, buffer);
}

static void capture_piece(pcmio_pipewire_stream *stream, const pcmio_pw_data *data, uint64_t instant, int64_t delay) {
  uint32_t offset = smaller(data->chunk->offset, data->max_bytes);
  uint32_t frames = smaller(data->chunk->size, data->max_bytes - offset) / stream->frame_bytes;
  uint64_t length = pcmio_frames_nanos(frames, stream->rate);
  /* A monitor hands over what will be heard in this cycle, but nothing is recorded before it is. */
  uint64_t behind = delay > 0 && (uint64_t)delay > length ? (uint64_t)delay : length;
  if (frames != 0 && data->memory != NULL) {
    const void *inputs[1] = {(const uint8_t *)data->memory + offset};
    instant = instant > behind ? instant - behind : 0;
    pcmio_pump_set_latency(stream->pump, 0, behind);
    pcmio_pump_transfer(stream->pump, inputs, NULL, frames, instant, instant);
  }
}

static void capture(pcmio_pipewire_stream *stream) {
  const pcmio_pipewire_api *api = &stream->connection->api;
  int64_t delay = 0;
  uint64_t instant = begin_cycle(stream, &delay);
  pcmio_pw_buffer *buffer = NULL;
  while ((buffer = api->stream_dequeue_buffer(stream->native)) != NULL) {
    capture_piece(stream, &buffer->buffer->datas[0], instant, delay);
    api->stream_queue_buffer(stream->native, buffer);
  }
}

void pcmio_pipewire_process(void *userdata) {
  pcmio_pipewire_stream *stream = userdata;
  atomic_fetch_add(&stream->inside, 1);
  follow_clock(stream);
  if (stream->output != 0) {
    play(stream);
    look_at_the_time(stream);
  } else {
    capture(stream);
  }
  if (stream->cycles < CYCLES_UNTIL_PRIORITY && ++stream->cycles == CYCLES_UNTIL_PRIORITY) {
    int32_t error = stream->denied();
    if (error != 0) {
      pcmio_pump_note(stream->pump, PCMIO_NOTE_REALTIME_DENIED, error, 0);
    }
  }
  atomic_fetch_sub(&stream->inside, 1);
}
