/* One cycle of a device without hardware: every output is asked, their sum goes to every input.
 *
 * With one output the samples pass untouched in the device's format, so that a loopback is exact to the bit; with more
 * they are added in double precision.  DSD cannot be added: there the last output wins. */
#include "pump_null.h"

#include "clock.h"

static size_t bus_samples(const pcmio_null_device *device, uint32_t frames) {
  return (size_t)frames * device->config.channels;
}

/* Copies the channels both have, and silences those that only the target has. */
static void remap(const pcmio_null_device *device, uint8_t *to, uint32_t to_channels, const uint8_t *from,
                  uint32_t from_channels, uint32_t frames) {
  uint32_t format = device->config.format;
  uint32_t bytes = device->sample_bytes;
  if (to_channels == from_channels) {
    pcmio_convert(to, format, 1, from, format, 1, (size_t)frames * to_channels);
    return;
  }
  for (uint32_t channel = 0; channel < to_channels; channel++) {
    uint8_t *target = to + (size_t)channel * bytes;
    if (channel < from_channels) {
      pcmio_convert(target, format, (ptrdiff_t)to_channels, from + (size_t)channel * bytes, format,
                    (ptrdiff_t)from_channels, frames);
    } else {
      pcmio_silence(target, format, (ptrdiff_t)to_channels, frames);
    }
  }
}

/* --- outputs ------------------------------------------------------------------------------------------------------ */

static void play_one(pcmio_null_device *device, const pcmio_null_stream *stream, uint32_t played, uint32_t frames,
                     uint64_t nanos) {
  void *outputs[1] = {device->stream};
  size_t samples = bus_samples(device, frames);
  pcmio_pump_transfer(stream->pump, NULL, outputs, frames, nanos, nanos);
  if (played == 1 && device->mixable) { /* a second output: what the first left on the bus is the mix's start */
    pcmio_convert(device->mix, PCMIO_F64, 1, device->bus, device->config.format, 1, samples);
  }
  remap(device, device->bus, device->config.channels, device->stream, stream->out_channels, frames);
  if (played > 0 && device->mixable) {
    pcmio_convert(device->added, PCMIO_F64, 1, device->bus, device->config.format, 1, samples);
    for (size_t i = 0; i < samples; i++) {
      device->mix[i] += device->added[i];
    }
  }
}

/* Leaves on the bus what is heard. */
static void play_all(pcmio_null_device *device, uint32_t end, uint32_t frames, uint64_t nanos) {
  size_t samples = bus_samples(device, frames);
  uint32_t played = 0;
  for (uint32_t i = 0; i < end; i++) {
    const pcmio_null_stream *stream = pcmio_roster_entry(&device->streams, i);
    if (stream != NULL && stream->out_channels != 0) {
      play_one(device, stream, played, frames, nanos);
      played++;
    }
  }
  if (played == 0) {
    pcmio_silence(device->bus, device->config.format, 1, samples);
  } else if (played > 1 && device->mixable) {
    pcmio_convert(device->bus, device->config.format, 1, device->mix, PCMIO_F64, 1, samples);
  }
}

/* --- inputs ------------------------------------------------------------------------------------------------------- */

static void tone(pcmio_null_device *device, uint32_t frames) {
  double x = device->tone_x;
  double y = device->tone_y;
  for (uint32_t frame = 0; frame < frames; frame++) {
    for (uint32_t channel = 0; channel < device->config.channels; channel++) {
      device->mix[(size_t)frame * device->config.channels + channel] = 0.5 * y;
    }
    double turned = x * device->config.tone_cosine - y * device->config.tone_sine;
    y = x * device->config.tone_sine + y * device->config.tone_cosine;
    x = turned;
  }
  /* One Newton step back to radius 1: rounding would let the tone grow or fade over hours. */
  double correction = 1.5 - 0.5 * (x * x + y * y);
  device->tone_x = x * correction;
  device->tone_y = y * correction;
  pcmio_convert(device->bus, device->config.format, 1, device->mix, PCMIO_F64, 1, bus_samples(device, frames));
}

/* From the bus as it is. */
static void capture_all(pcmio_null_device *device, uint32_t end, uint32_t frames, uint64_t nanos) {
  const void *inputs[1] = {device->stream};
  for (uint32_t i = 0; i < end; i++) {
    const pcmio_null_stream *stream = pcmio_roster_entry(&device->streams, i);
    if (stream != NULL && stream->in_channels != 0) {
      remap(device, device->stream, stream->in_channels, device->bus, device->config.channels, frames);
      pcmio_pump_transfer(stream->pump, inputs, NULL, frames, nanos, nanos);
    }
  }
}

/* --- a cycle ------------------------------------------------------------------------------------------------------ */

static void report_lost(pcmio_null_device *device, uint32_t end, uint64_t lost) {
  for (uint32_t i = 0; i < end && lost != 0; i++) {
    const pcmio_null_stream *stream = pcmio_roster_entry(&device->streams, i);
    if (stream != NULL) {
      pcmio_pump_xrun(stream->pump, lost);
    }
  }
}

static void move(pcmio_null_device *device, uint32_t end, uint32_t frames, uint64_t instant) {
  uint64_t latency = device->config.latency_nanos;
  play_all(device, end, frames, instant + latency);
  if (device->config.kind == PCMIO_NULL_TONE) {
    tone(device, frames);
  } else if (device->config.kind != PCMIO_NULL_LOOPBACK) {
    pcmio_silence(device->bus, device->config.format, 1, bus_samples(device, frames));
  }
  capture_all(device, end, frames, instant > latency ? instant - latency : 0);
}

void pcmio_null_cycle_after(pcmio_null_device *device, uint64_t lost, uint32_t frames, uint64_t instant_nanos) {
  uint32_t end = pcmio_roster_enter(&device->streams);
  report_lost(device, end, lost);
  for (; frames > PCMIO_NULL_CYCLE_FRAMES; frames -= PCMIO_NULL_CYCLE_FRAMES) {
    move(device, end, PCMIO_NULL_CYCLE_FRAMES, instant_nanos);
    instant_nanos += pcmio_frames_nanos(PCMIO_NULL_CYCLE_FRAMES, device->config.rate);
  }
  move(device, end, frames, instant_nanos);
  pcmio_roster_leave(&device->streams);
}

uint64_t pcmio_null_take_skip(pcmio_null_device *device) {
  return atomic_exchange_explicit(&device->skip_frames, 0, memory_order_relaxed);
}

void pcmio_null_cycle(pcmio_null_device *device, uint32_t frames, uint64_t instant_nanos) {
  pcmio_null_cycle_after(device, pcmio_null_take_skip(device), frames, instant_nanos);
}

/* --- misfortune: any thread --------------------------------------------------------------------------------------- */

void pcmio_null_skip(pcmio_null_device *device, uint64_t frames) {
  atomic_fetch_add_explicit(&device->skip_frames, frames, memory_order_relaxed);
}

void pcmio_null_stall(pcmio_null_device *device, int64_t nanos) {
  atomic_fetch_add_explicit(&device->stall_nanos, nanos, memory_order_relaxed);
}

void pcmio_null_tell(pcmio_null_device *device, uint32_t kind, int32_t code, uint64_t value) {
  uint32_t end = pcmio_roster_enter(&device->streams);
  for (uint32_t i = 0; i < end; i++) {
    const pcmio_null_stream *stream = pcmio_roster_entry(&device->streams, i);
    if (stream != NULL) {
      pcmio_pump_note(stream->pump, kind, code, value);
    }
  }
  pcmio_roster_leave(&device->streams);
}
