/* One cycle of a device without hardware: every output is asked, their sum goes to every input.
 *
 * With one output the samples pass untouched in the device's format, so that a loopback is exact to the bit; with more
 * they are added in double precision. */
#include "pump_null.h"

#include <string.h>

static size_t bus_samples(const pcmio_null_device *device, uint32_t frames) {
  return (size_t)frames * device->config.channels;
}

/* Copies the channels both have, and silences those that only the target has. */
static void remap(const pcmio_null_device *device, uint8_t *to, uint32_t to_channels, const uint8_t *from,
                  uint32_t from_channels, uint32_t frames) {
  uint32_t format = device->config.format;
  uint32_t bytes = device->sample_bytes;
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

static void add_to_mix(pcmio_null_device *device, uint32_t played, uint32_t frames) {
  size_t samples = bus_samples(device, frames);
  if (played == 0) {
    return;
  }
  if (played == 1) { /* a second output: what the first left on the bus becomes the mix's start */
    pcmio_convert(device->mix, PCMIO_F64, 1, device->bus, device->config.format, 1, samples);
  }
  remap(device, device->bus, device->config.channels, device->stream, device->config.channels, frames);
  pcmio_convert(device->added, PCMIO_F64, 1, device->bus, device->config.format, 1, samples);
  for (size_t i = 0; i < samples; i++) {
    device->mix[i] += device->added[i];
  }
}

static void play_one(pcmio_null_device *device, const pcmio_null_stream *stream, uint32_t played, uint32_t frames,
                     uint64_t nanos) {
  void *outputs[1] = {device->stream};
  pcmio_pump_transfer(stream->pump, NULL, outputs, frames, nanos, nanos);
  uint32_t bus_channels = device->config.channels;
  if (played == 0) {
    remap(device, device->bus, bus_channels, device->stream, stream->channels, frames);
    return;
  }
  if (stream->channels != bus_channels) { /* through the spare half of the mix buffers, which are larger */
    uint8_t *spare = (uint8_t *)device->added;
    remap(device, spare, bus_channels, device->stream, stream->channels, frames);
    memcpy(device->stream, spare, bus_samples(device, frames) * device->sample_bytes);
  }
  add_to_mix(device, played, frames);
}

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

static uint32_t play_all(pcmio_null_device *device, uint32_t end, uint32_t frames, uint64_t nanos) {
  uint32_t played = 0;
  for (uint32_t i = 0; i < end; i++) {
    const pcmio_null_stream *stream = pcmio_roster_entry(&device->streams, i);
    if (stream != NULL) {
      play_one(device, stream, played, frames, nanos);
      played++;
    }
  }
  if (played > 1) {
    pcmio_convert(device->bus, device->config.format, 1, device->mix, PCMIO_F64, 1, bus_samples(device, frames));
  }
  return played;
}
