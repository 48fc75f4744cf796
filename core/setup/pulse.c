/* PulseAudio from Python's side: connections and streams are made, told what to do, and closed.
 *
 * Every call that concerns libpulse's objects takes the main loop's lock once, does all it has to and lets go: a Python
 * thread that held it while it waits for the GIL would hold up the audio thread. */
#include <stdlib.h>
#include <string.h>

#include "../rt/pump.h"
#include "../rt/pump_pulse.h"

#define PA_ERR_INVALID 3
#define PA_ERR_INTERNAL 10
#define PA_ERR_BADSTATE 15

/* pulse/def.h: pa_subscription_mask_t, pa_subscription_event_type_t */
#define PA_MASK_STREAMS 0x000cu /* sink inputs and source outputs */
#define PA_EVENT_SINK_INPUT 0x0002u
#define PA_EVENT_SOURCE_OUTPUT 0x0003u
#define PA_EVENT_FACILITY 0x000fu
#define PA_EVENT_CHANGE 0x0010u
#define PA_EVENT_TYPE 0x0030u

/* pulse/volume.h, pulse/introspect.h */
#define PA_CHANNELS_MAX 32

typedef struct {
  uint8_t channels;
  uint32_t values[PA_CHANNELS_MAX];
} pa_cvolume;

typedef struct {
  uint32_t index;
  const char *name;
  uint32_t numbers[3]; /* owner_module, client, sink */
  uint32_t sample_spec[3];
  uint32_t channel_map[33];
  pa_cvolume volume;
  uint64_t micros[2]; /* buffer_usec, sink_usec */
  const char *words[2];
  int32_t mute;
} pa_sink_input_info; /* newer ones go on */

typedef struct {
  uint32_t index;
  const char *name;
  uint32_t numbers[3]; /* owner_module, client, source */
  uint32_t sample_spec[3];
  uint32_t channel_map[33];
  uint64_t micros[2]; /* buffer_usec, source_usec */
  const char *words[2];
  void *proplist;
  int32_t corked;
  pa_cvolume volume;
  int32_t mute;
} pa_source_output_info; /* newer ones go on */

#if UINTPTR_MAX == UINT64_MAX
_Static_assert(offsetof(pa_sink_input_info, volume) == 172, "as in the headers");
_Static_assert(offsetof(pa_sink_input_info, mute) == 336, "as in the headers");
_Static_assert(offsetof(pa_source_output_info, volume) == 220, "as in the headers");
_Static_assert(offsetof(pa_source_output_info, mute) == 352, "as in the headers");
#endif

static void lock(const pcmio_pulse_connection *connection) {
  connection->api.threaded_mainloop_lock(connection->mainloop);
}

static void unlock(const pcmio_pulse_connection *connection) {
  connection->api.threaded_mainloop_unlock(connection->mainloop);
}

static int32_t failure(const pcmio_pulse_connection *connection) {
  int32_t error = connection->api.context_errno(connection->context);
  return error != 0 ? error : PA_ERR_INTERNAL;
}

int32_t pcmio_pulse_iterate(const pcmio_pulse_api *api, void *mainloop, int32_t timeout_micros) {
  int32_t result = api->mainloop_prepare(mainloop, timeout_micros);
  if (result >= 0) {
    result = api->mainloop_poll(mainloop);
  }
  return result >= 0 ? api->mainloop_dispatch(mainloop) : result;
}

/* --- connections -------------------------------------------------------------------------------------------------- */

static void introduce(void *api, void *userdata) {
  pcmio_pulse_connection *connection = userdata;
  (void)api;
  atomic_store(&connection->number, pcmio_thread_number());
}

pcmio_pulse_connection *pcmio_pulse_connection_new(const pcmio_pulse_api *api, pcmio_wakeup *wakeup) {
  pcmio_pulse_connection *connection = calloc(1, sizeof *connection);
  if (connection != NULL) {
    connection->api = *api;
    connection->post = pcmio_wakeup_post;
    connection->wakeup = wakeup;
  }
  return connection;
}

int32_t pcmio_pulse_connection_open(pcmio_pulse_connection *connection, const char *server, uint32_t flags,
                                    const char *name, void *proplist) {
  const pcmio_pulse_api *api = &connection->api;
  connection->mainloop = api->threaded_mainloop_new();
  if (connection->mainloop == NULL) {
    return PA_ERR_INTERNAL;
  }
  api->threaded_mainloop_set_name(connection->mainloop, "pcmio-pulse");
  void *loop = api->threaded_mainloop_get_api(connection->mainloop);
  connection->context = api->context_new_with_proplist(loop, name, proplist);
  if (connection->context == NULL) {
    return PA_ERR_INTERNAL;
  }
  api->context_set_state_callback(connection->context, pcmio_pulse_on_context_state, connection);
  api->mainloop_api_once(loop, introduce, connection);
  /* Before the thread runs: whatever the connection does at once happens on this thread. */
  if (api->context_connect(connection->context, server, flags, NULL) < 0) {
    return failure(connection);
  }
  return api->threaded_mainloop_start(connection->mainloop) < 0 ? PA_ERR_INTERNAL : 0;
}

uint32_t pcmio_pulse_connection_state(const pcmio_pulse_connection *connection) {
  return atomic_load(&connection->state);
}

int32_t pcmio_pulse_connection_error(const pcmio_pulse_connection *connection) {
  return atomic_load(&connection->error);
}

uint64_t pcmio_pulse_connection_thread(const pcmio_pulse_connection *connection) {
  return atomic_load(&connection->number);
}

void pcmio_pulse_connection_free(pcmio_pulse_connection *connection) {
  const pcmio_pulse_api *api = &connection->api;
  if (connection->context != NULL) {
    lock(connection);
    api->context_set_subscribe_callback(connection->context, NULL, NULL);
    api->context_set_state_callback(connection->context, NULL, NULL);
    api->context_disconnect(connection->context);
    api->context_unref(connection->context);
    unlock(connection);
  }
  if (connection->mainloop != NULL) {
    api->threaded_mainloop_stop(connection->mainloop);
    api->threaded_mainloop_free(connection->mainloop);
  }
  free(connection);
}

/* --- streams ------------------------------------------------------------------------------------------------------ */

pcmio_pulse_stream *pcmio_pulse_stream_new(pcmio_pulse_connection *connection, pcmio_pump *pump, pcmio_wakeup *wakeup) {
  pcmio_pulse_stream *stream = calloc(1, sizeof *stream);
  if (stream != NULL) {
    stream->connection = connection;
    stream->pump = pump;
    stream->wakeup = wakeup;
  }
  return stream;
}

static void listen(pcmio_pulse_stream *stream) {
  const pcmio_pulse_api *api = &stream->connection->api;
  void *native = stream->native;
  api->stream_set_state_callback(native, pcmio_pulse_on_state, stream);
  if (stream->output) {
    api->stream_set_write_callback(native, pcmio_pulse_on_write, stream);
    api->stream_set_underflow_callback(native, pcmio_pulse_on_underflow, stream);
    api->stream_set_overflow_callback(native, pcmio_pulse_on_overflow, stream);
  } else {
    api->stream_set_read_callback(native, pcmio_pulse_on_read, stream);
  }
  api->stream_set_moved_callback(native, pcmio_pulse_on_moved, stream);
  api->stream_set_suspended_callback(native, pcmio_pulse_on_suspended, stream);
  api->stream_set_buffer_attr_callback(native, pcmio_pulse_on_buffer_attr, stream);
}

static void listen_no_more(const pcmio_pulse_stream *stream) {
  const pcmio_pulse_api *api = &stream->connection->api;
  void *native = stream->native;
  api->stream_set_state_callback(native, NULL, NULL);
  api->stream_set_write_callback(native, NULL, NULL);
  api->stream_set_read_callback(native, NULL, NULL);
  api->stream_set_underflow_callback(native, NULL, NULL);
  api->stream_set_overflow_callback(native, NULL, NULL);
  api->stream_set_moved_callback(native, NULL, NULL);
  api->stream_set_suspended_callback(native, NULL, NULL);
  api->stream_set_buffer_attr_callback(native, NULL, NULL);
}

static int32_t connect_stream(pcmio_pulse_stream *stream, const pcmio_pulse_request *request) {
  const pcmio_pulse_connection *connection = stream->connection;
  const pcmio_pulse_api *api = &connection->api;
  stream->native =
      api->stream_new_with_proplist(connection->context, request->name, request->spec, request->map, request->proplist);
  if (stream->native == NULL) {
    return failure(connection);
  }
  listen(stream);
  int32_t result =
      stream->output
          ? api->stream_connect_playback(stream->native, request->device, request->attr, request->flags, NULL, NULL)
          : api->stream_connect_record(stream->native, request->device, request->attr, request->flags);
  return result < 0 ? failure(connection) : 0;
}

int32_t pcmio_pulse_stream_open(pcmio_pulse_stream *stream, const pcmio_pulse_request *request) {
  stream->output = request->output != 0;
  stream->rate = request->rate;
  stream->frame_bytes = request->frame_bytes;
  stream->period_frames = request->period_frames;
  lock(stream->connection);
  int32_t result = connect_stream(stream, request);
  unlock(stream->connection);
  return result;
}

uint32_t pcmio_pulse_stream_state(const pcmio_pulse_stream *stream) { return atomic_load(&stream->state); }

int32_t pcmio_pulse_stream_error(const pcmio_pulse_stream *stream) { return atomic_load(&stream->error); }

int32_t pcmio_pulse_stream_device(pcmio_pulse_stream *stream, char *name, size_t size) {
  lock(stream->connection);
  const char *found = stream->connection->api.stream_get_device_name(stream->native);
  size_t length = found == NULL ? size : strlen(found);
  if (length < size) {
    memcpy(name, found, length + 1);
  }
  unlock(stream->connection);
  return length < size ? 0 : PA_ERR_BADSTATE;
}

/* Nobody waits for the end of these: a stream that fails says so by its state. */
static int32_t forget(const pcmio_pulse_connection *connection, void *operation) {
  if (operation == NULL) {
    return failure(connection);
  }
  connection->api.operation_unref(operation);
  return 0;
}

static void abandon(const pcmio_pulse_connection *connection, void **operation) {
  if (*operation != NULL) {
    connection->api.operation_cancel(*operation);
    connection->api.operation_unref(*operation);
    *operation = NULL;
  }
}

static void stop_waiting(pcmio_pulse_stream *stream) {
  abandon(stream->connection, &stream->drained);
  abandon(stream->connection, &stream->started);
}

int32_t pcmio_pulse_stream_start(pcmio_pulse_stream *stream) {
  const pcmio_pulse_connection *connection = stream->connection;
  lock(connection);
  stop_waiting(stream);
  stream->underflowed = false;
  stream->played_nanos = 0;
  stream->gap_nanos = 0;
  if (stream->output) {
    pcmio_pulse_serve(stream);
  }
  stream->started = connection->api.stream_cork(stream->native, 0, pcmio_pulse_on_started, stream);
  int32_t result = stream->started == NULL ? failure(connection) : 0;
  unlock(connection);
  return result;
}

int32_t pcmio_pulse_stream_hold(pcmio_pulse_stream *stream, uint32_t discard) {
  const pcmio_pulse_connection *connection = stream->connection;
  lock(connection);
  stop_waiting(stream);
  stream->going = false;
  int32_t result = forget(connection, connection->api.stream_cork(stream->native, 1, NULL, NULL));
  if (result == 0 && discard != 0) {
    result = forget(connection, connection->api.stream_flush(stream->native, NULL, NULL));
  } else if (stream->output) {
    pcmio_pump_held(stream->pump, pcmio_pump_now(stream->pump));
  }
  unlock(connection);
  return result;
}

int32_t pcmio_pulse_stream_drain(pcmio_pulse_stream *stream) {
  const pcmio_pulse_connection *connection = stream->connection;
  lock(connection);
  stop_waiting(stream);
  stream->drained = connection->api.stream_drain(stream->native, pcmio_pulse_on_drained, stream);
  int32_t result = stream->drained == NULL ? failure(connection) : 0;
  unlock(connection);
  return result;
}

uint32_t pcmio_pulse_stream_owing(const pcmio_pulse_stream *stream) {
  return atomic_load_explicit(&stream->owing, memory_order_acquire);
}

void pcmio_pulse_stream_serve(pcmio_pulse_stream *stream) {
  lock(stream->connection);
  pcmio_pulse_serve(stream);
  unlock(stream->connection);
}

/* --- volume -------------------------------------------------------------------------------------------------------
 *
 * The server keeps it, and answers in order: who has set a volume and then asks is told that, or what came after. */

static void take_volume(pcmio_pulse_stream *stream, const pa_cvolume *volume, int32_t mute) {
  uint32_t loudest = 0;
  for (uint32_t i = 0; i < volume->channels && i < PA_CHANNELS_MAX; i++) {
    loudest = volume->values[i] > loudest ? volume->values[i] : loudest;
  }
  uint32_t before = atomic_load(&stream->volume);
  /* pipewire-pulse computes with floats, and may give back what it was told one less, or more. */
  if (loudest + 1 >= before && loudest <= before + 1 && atomic_load(&stream->volume_known) != 0) {
    loudest = before;
  }
  atomic_store(&stream->volume, loudest);
  uint32_t muted_before = atomic_exchange(&stream->muted, mute != 0);
  if (atomic_exchange(&stream->volume_known, 1) == 0) {
    stream->connection->post(stream->wakeup);
  } else if (before != loudest || muted_before != (mute != 0)) {
    pcmio_pump_note(stream->pump, PCMIO_NOTE_VOLUME_CHANGED, 0, 0);
  }
}

static void on_output_info(void *context, const void *info, int32_t end, void *userdata) {
  const pa_sink_input_info *found = info;
  (void)context;
  if (end == 0) {
    take_volume(userdata, &found->volume, found->mute);
  }
}

static void on_input_info(void *context, const void *info, int32_t end, void *userdata) {
  const pa_source_output_info *found = info;
  (void)context;
  if (end == 0) {
    take_volume(userdata, &found->volume, found->mute);
  }
}

/* What was asked before is of no interest any more. */
static int32_t ask_volume(pcmio_pulse_stream *stream) {
  const pcmio_pulse_connection *connection = stream->connection;
  const pcmio_pulse_api *api = &connection->api;
  abandon(connection, &stream->asked);
  stream->asked = stream->output
                      ? api->context_get_sink_input_info(connection->context, stream->index, on_output_info, stream)
                      : api->context_get_source_output_info(connection->context, stream->index, on_input_info, stream);
  return stream->asked == NULL ? failure(connection) : 0;
}

static void on_event(void *context, uint32_t type, uint32_t index, void *userdata) {
  pcmio_pulse_connection *connection = userdata;
  (void)context;
  if ((type & PA_EVENT_TYPE) != PA_EVENT_CHANGE) {
    return;
  }
  for (pcmio_pulse_stream *stream = connection->streams; stream != NULL; stream = stream->next) {
    uint32_t facility = stream->output ? PA_EVENT_SINK_INPUT : PA_EVENT_SOURCE_OUTPUT;
    if (stream->index == index && (type & PA_EVENT_FACILITY) == facility) {
      ask_volume(stream); /* a connection that fails says so by its state */
    }
  }
}

static int32_t subscribe(pcmio_pulse_connection *connection) {
  const pcmio_pulse_api *api = &connection->api;
  if (connection->subscribed) {
    return 0;
  }
  connection->subscribed = true;
  api->context_set_subscribe_callback(connection->context, on_event, connection);
  return forget(connection, api->context_subscribe(connection->context, PA_MASK_STREAMS, NULL, NULL));
}

int32_t pcmio_pulse_stream_follow_volume(pcmio_pulse_stream *stream) {
  pcmio_pulse_connection *connection = stream->connection;
  lock(connection);
  stream->index = connection->api.stream_get_index(stream->native);
  stream->next = connection->streams;
  connection->streams = stream;
  int32_t result = subscribe(connection);
  if (result == 0) {
    result = ask_volume(stream);
  }
  unlock(connection);
  return result;
}

static void follow_volume_no_more(pcmio_pulse_stream *stream) {
  abandon(stream->connection, &stream->asked);
  for (pcmio_pulse_stream **at = &stream->connection->streams; *at != NULL; at = &(*at)->next) {
    if (*at == stream) {
      *at = stream->next;
      break;
    }
  }
}

uint32_t pcmio_pulse_stream_volume_known(const pcmio_pulse_stream *stream) {
  return atomic_load(&stream->volume_known);
}

uint32_t pcmio_pulse_stream_volume(const pcmio_pulse_stream *stream) { return atomic_load(&stream->volume); }

uint32_t pcmio_pulse_stream_muted(const pcmio_pulse_stream *stream) { return atomic_load(&stream->muted); }

int32_t pcmio_pulse_stream_set_volume(pcmio_pulse_stream *stream, uint32_t channels, uint32_t volume) {
  const pcmio_pulse_connection *connection = stream->connection;
  const pcmio_pulse_api *api = &connection->api;
  pa_cvolume wanted = {.channels = (uint8_t)(channels < PA_CHANNELS_MAX ? channels : PA_CHANNELS_MAX)};
  for (uint32_t i = 0; i < wanted.channels; i++) {
    wanted.values[i] = volume;
  }
  lock(connection);
  void *operation =
      stream->output ? api->context_set_sink_input_volume(connection->context, stream->index, &wanted, NULL, NULL)
                     : api->context_set_source_output_volume(connection->context, stream->index, &wanted, NULL, NULL);
  int32_t result = forget(connection, operation);
  if (result == 0) {
    atomic_store(&stream->volume, volume);
    result = ask_volume(stream);
  }
  unlock(connection);
  return result;
}

int32_t pcmio_pulse_stream_set_muted(pcmio_pulse_stream *stream, uint32_t muted) {
  const pcmio_pulse_connection *connection = stream->connection;
  const pcmio_pulse_api *api = &connection->api;
  int32_t wanted = muted != 0;
  lock(connection);
  void *operation = stream->output
                        ? api->context_set_sink_input_mute(connection->context, stream->index, wanted, NULL, NULL)
                        : api->context_set_source_output_mute(connection->context, stream->index, wanted, NULL, NULL);
  int32_t result = forget(connection, operation);
  if (result == 0) {
    atomic_store(&stream->muted, (uint32_t)wanted);
    result = ask_volume(stream);
  }
  unlock(connection);
  return result;
}

void pcmio_pulse_stream_free(pcmio_pulse_stream *stream) {
  const pcmio_pulse_connection *connection = stream->connection;
  if (stream->native != NULL) {
    lock(connection);
    stop_waiting(stream);
    follow_volume_no_more(stream);
    listen_no_more(stream);
    connection->api.stream_disconnect(stream->native); /* fails when it was never connected, or has failed: no matter */
    connection->api.stream_unref(stream->native);
    unlock(connection);
  }
  free(stream);
}
