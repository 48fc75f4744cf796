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

void pcmio_pulse_stream_free(pcmio_pulse_stream *stream) {
  const pcmio_pulse_connection *connection = stream->connection;
  if (stream->native != NULL) {
    lock(connection);
    stop_waiting(stream);
    listen_no_more(stream);
    connection->api.stream_disconnect(stream->native); /* fails when it was never connected, or has failed: no matter */
    connection->api.stream_unref(stream->native);
    unlock(connection);
  }
  free(stream);
}
