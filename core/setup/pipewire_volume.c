/* The volume of PipeWire's streams: two properties of a stream's node, which mixers show and change.
 *
 * What is heard of a channel is its own volume times that of all.  Mixers use the former alone. */
#include "pipewire_volume.h"

#include <string.h>

#include "../rt/pump.h"

#define PROP_VOLUME 0x10003u /* spa/param/props.h */
#define PROP_MUTE 0x10004u
#define PROP_CHANNEL_VOLUMES 0x10008u
#define CHANNELS_MOST 64u

static void tell(pcmio_pipewire_stream *stream) {
  pcmio_pump_note(stream->pump, PCMIO_NOTE_VOLUME_CHANGED, (int32_t)atomic_load(&stream->linked), 0);
}

/* The node is in this process, so that what Python sets is told before pw_stream_set_control returns.  A mixer sets
 * volume and mute at once, and they are told one after the other. */
static void take_volume(pcmio_pipewire_stream *stream, double volume, uint32_t muted) {
  uint64_t bits = 0;
  memcpy(&bits, &volume, sizeof bits);
  bool other = atomic_exchange(&stream->volume, bits) != bits;
  other = atomic_exchange(&stream->muted, muted) != muted || other;
  if (other && !stream->setting) {
    tell(stream);
  }
}

void pcmio_pipewire_on_control(void *data, uint32_t id, const void *info) {
  pcmio_pipewire_stream *stream = data;
  const pcmio_pw_control *control = info;
  uint32_t muted = atomic_load(&stream->muted);
  if (id == PROP_CHANNEL_VOLUMES && atomic_exchange(&stream->has_volume, 1) == 0) {
    tell(stream); /* what Python wants already can be set now */
    stream->post(stream->wakeup);
  }
  if (control->count == 0) { /* before the first start the node does not know its channels */
    return;
  }
  switch (id) {
  case PROP_VOLUME:
    stream->common_volume = control->values[0];
    break;
  case PROP_CHANNEL_VOLUMES:
    stream->loudest_volume = 0;
    for (uint32_t i = 0; i < control->count; i++) {
      stream->loudest_volume =
          control->values[i] > stream->loudest_volume ? control->values[i] : stream->loudest_volume;
    }
    break;
  case PROP_MUTE:
    muted = control->values[0] >= 0.5F;
    break;
  default:
    return;
  }
  take_volume(stream, (double)stream->common_volume * (double)stream->loudest_volume, muted);
}

void pcmio_pipewire_volume_begin(pcmio_pipewire_stream *stream) {
  stream->setting = true;
  stream->common_volume = stream->loudest_volume = 1.0F;
  take_volume(stream, 1.0, 0);
  stream->setting = false;
}

/* --- Python ------------------------------------------------------------------------------------------------------- */

uint32_t pcmio_pipewire_stream_has_volume(const pcmio_pipewire_stream *stream) {
  return atomic_load(&stream->has_volume);
}

double pcmio_pipewire_stream_volume(const pcmio_pipewire_stream *stream) {
  uint64_t bits = atomic_load(&stream->volume);
  double volume = 0;
  memcpy(&volume, &bits, sizeof volume);
  return volume;
}

uint32_t pcmio_pipewire_stream_muted(const pcmio_pipewire_stream *stream) { return atomic_load(&stream->muted); }

static int32_t set(pcmio_pipewire_stream *stream, uint32_t property, uint32_t count, float *values) {
  const pcmio_pipewire_connection *connection = stream->connection;
  connection->api.thread_loop_lock(connection->loop);
  stream->setting = true;
  int32_t result = connection->api.stream_set_control(stream->native, property, count, values, 0u);
  stream->setting = false;
  connection->api.thread_loop_unlock(connection->loop);
  return result;
}

int32_t pcmio_pipewire_stream_set_volume(pcmio_pipewire_stream *stream, double volume) {
  float volumes[CHANNELS_MOST];
  float common = 1.0F;
  uint32_t channels = stream->frame_bytes / (uint32_t)sizeof(float);
  channels = channels < CHANNELS_MOST ? channels : CHANNELS_MOST;
  for (uint32_t i = 0; i < channels; i++) {
    volumes[i] = (float)volume;
  }
  int32_t result = set(stream, PROP_CHANNEL_VOLUMES, channels, volumes);
  return result < 0 ? result : set(stream, PROP_VOLUME, 1, &common);
}

int32_t pcmio_pipewire_stream_set_muted(pcmio_pipewire_stream *stream, uint32_t muted) {
  float value = muted != 0 ? 1.0F : 0.0F;
  return set(stream, PROP_MUTE, 1, &value);
}
