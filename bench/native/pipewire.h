/* A PipeWire stream of the known signal's format, on a connection whose data thread has real-time priority. */
#ifndef BENCH_PIPEWIRE_H
#define BENCH_PIPEWIRE_H

#include <pipewire/pipewire.h>
#include <spa/param/audio/format-utils.h>
#include <spa/param/audio/raw-utils.h>

#include "bench.h"

/* A loop of the caller's, and a connection to the server that the environment names. */
static inline struct pw_core *bench_pw_connect(struct pw_loop *loop) {
  struct pw_properties *properties = pw_properties_new(NULL, NULL);
#if !PW_CHECK_VERSION(1, 4, 0) /* client.conf gives the data thread no priority */
  pw_properties_set(properties, PW_KEY_CONFIG_NAME, "client-rt.conf");
#endif
  struct pw_context *context = pw_context_new(loop, properties, 0);
  struct pw_core *core = context == NULL ? NULL : pw_context_connect(context, NULL, 0);
  if (core == NULL) {
    bench_fail("pipewire: no server");
  }
  return core;
}

/* Linked by the session manager; takes the properties. */
static inline struct pw_stream *bench_pw_stream(struct pw_core *core, enum spa_direction direction,
                                                struct pw_properties *properties, struct spa_hook *listener,
                                                const struct pw_stream_events *events, void *argument) {
  uint8_t space[1024];
  struct spa_pod_builder builder = SPA_POD_BUILDER_INIT(space, sizeof space);
  struct spa_audio_info_raw format = {.format = SPA_AUDIO_FORMAT_F32,
                                      .rate = BENCH_RATE,
                                      .channels = BENCH_CHANNELS,
                                      .position = {SPA_AUDIO_CHANNEL_FL, SPA_AUDIO_CHANNEL_FR}};
  const struct spa_pod *param = spa_format_audio_raw_build(&builder, SPA_PARAM_EnumFormat, &format);
  struct pw_stream *stream = pw_stream_new(core, "bench", properties);
  if (stream == NULL) {
    bench_fail("pipewire: no stream");
  }
  pw_stream_add_listener(stream, listener, events, argument);
  enum pw_stream_flags flags = PW_STREAM_FLAG_AUTOCONNECT | PW_STREAM_FLAG_MAP_BUFFERS | PW_STREAM_FLAG_RT_PROCESS;
  if (pw_stream_connect(stream, direction, PW_ID_ANY, flags, &param, 1) < 0) {
    bench_fail("pipewire: a stream cannot be connected");
  }
  return stream;
}

#endif
