/* PipeWire from Python's side: connections and streams are made, told what to do, and closed; and what the loop thread
 * of a connection is told, which is not the audio thread and may allocate.
 *
 * libpipewire before 1.4 does not export the methods of its proxies: they are called through their tables, as its
 * headers' inline functions do. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "../rt/pump.h"
#include "../rt/pump_pipewire.h"
#include "pipewire_volume.h"

#if defined(__linux__)
#include <sched.h>
#endif

#define BROKEN (-32) /* -EPIPE: the server is gone */
#define NO_MEMORY (-12)
#define IO_ERROR (-5)
#define PERMISSION 1 /* EPERM */
#define NOT_SUPPORTED (-95)

#define WAIT_STEP_NANOS 20000

#define STATE_ERROR (-1)
#define STATE_UNCONNECTED 0

#define IO_POSITION 7
#define REGISTRY_VERSION 3

/* --- PipeWire's tables: spa/utils/hook.h, spa/utils/dict.h, pipewire/core.h, stream.h ------------------------------
 */

typedef struct {
  const char *type;
  uint32_t version;
  const void *methods;
  void *data;
} proxy_head; /* spa_interface: what a proxy begins with */

typedef struct {
  const char *key;
  const char *value;
} dict_item;

typedef struct {
  uint32_t flags;
  uint32_t count;
  const dict_item *items;
} dict;

typedef struct {
  void *system;
  void *loop;
  proxy_head *control;
} native_loop; /* pw_loop, its head */

typedef struct {
  uint32_t version;
  int (*get_fd)(void *object);
  void (*add_hook)(void *object, void *hook, const void *hooks, void *data);
  void (*enter)(void *object);
  void (*leave)(void *object);
  int (*iterate)(void *object, int timeout);
} loop_control_methods;

typedef struct {
  uint32_t version;
  int (*add_listener)(void *object, void *hook, const void *events, void *data);
} listener_methods; /* every proxy's table begins so */

typedef struct {
  listener_methods head;
  int (*hello)(void *object, uint32_t version);
  int (*sync)(void *object, uint32_t id, int sequence);
  int (*pong)(void *object, uint32_t id, int sequence);
  int (*error)(void *object, uint32_t id, int sequence, int result, const char *message);
  void *(*get_registry)(void *object, uint32_t version, size_t user_data_bytes);
  void *(*create_object)(void *object, const char *factory, const char *type, uint32_t version, const void *properties,
                         size_t user_data_bytes);
} core_methods;

typedef struct {
  listener_methods head;
  void *(*bind)(void *object, uint32_t id, const char *type, uint32_t version, size_t user_data_bytes);
  int (*destroy)(void *object, uint32_t id);
} registry_methods;

typedef struct {
  listener_methods head;
  int (*subscribe_params)(void *object, uint32_t *ids, uint32_t count);
  int (*enum_params)(void *object, int sequence, uint32_t id, uint32_t start, uint32_t count, const void *filter);
} node_methods;

typedef struct {
  uint32_t version;
  void (*info)(void *data, const void *info);
  void (*done)(void *data, uint32_t id, int sequence);
  void (*ping)(void *data, uint32_t id, int sequence);
  void (*error)(void *data, uint32_t id, int sequence, int result, const char *message);
  void (*remove_id)(void *data, uint32_t id);
  void (*bound_id)(void *data, uint32_t id, uint32_t global_id);
  void (*add_mem)(void *data, uint32_t id, uint32_t type, int descriptor, uint32_t flags);
  void (*remove_mem)(void *data, uint32_t id);
} core_events; /* version 0 */

typedef struct {
  uint32_t version;
  void (*global)(void *data, uint32_t id, uint32_t permissions, const char *type, uint32_t version_of_it,
                 const dict *properties);
  void (*global_remove)(void *data, uint32_t id);
} registry_events;

typedef struct {
  uint32_t version;
  void (*destroy)(void *data);
  void (*state_changed)(void *data, int32_t old, int32_t state, const char *error);
  void (*control_info)(void *data, uint32_t id, const void *control);
  void (*io_changed)(void *data, uint32_t id, void *area, uint32_t bytes);
  void (*param_changed)(void *data, uint32_t id, const void *param);
  void (*add_buffer)(void *data, void *buffer);
  void (*remove_buffer)(void *data, void *buffer);
  void (*process)(void *data);
  void (*drained)(void *data);
  void (*command)(void *data, const void *command);
  void (*trigger_done)(void *data);
} stream_events; /* version 2 */

static const void *methods(const void *proxy) { return ((const proxy_head *)proxy)->methods; }

static void *object(const void *proxy) { return ((const proxy_head *)proxy)->data; }

int32_t pcmio_pipewire_iterate(void *loop, int32_t timeout_millis) {
  const proxy_head *control = ((const native_loop *)loop)->control;
  const loop_control_methods *table = methods(control);
  table->enter(object(control));
  int32_t result = table->iterate(object(control), timeout_millis);
  table->leave(object(control));
  return result;
}

int32_t pcmio_pipewire_descriptor(void *loop) {
  const proxy_head *control = ((const native_loop *)loop)->control;
  const loop_control_methods *table = methods(control);
  return table->get_fd(object(control));
}

int32_t pcmio_pipewire_listen(void *proxy, void *hook, const void *events, void *data) {
  const listener_methods *table = methods(proxy);
  return table->add_listener(object(proxy), hook, events, data);
}

int32_t pcmio_pipewire_sync(void *core, int32_t sequence) {
  const core_methods *table = methods(core);
  return table->sync(object(core), 0, sequence);
}

void *pcmio_pipewire_registry(void *core) {
  const core_methods *table = methods(core);
  return table->get_registry(object(core), REGISTRY_VERSION, 0);
}

void *pcmio_pipewire_bind(void *registry, uint32_t id, const char *type, uint32_t version) {
  const registry_methods *table = methods(registry);
  return table->bind(object(registry), id, type, version, 0);
}

void *pcmio_pipewire_create(void *core, const char *factory, const char *type, uint32_t version,
                            const void *properties) {
  const core_methods *table = methods(core);
  return table->create_object(object(core), factory, type, version, properties, 0);
}

int32_t pcmio_pipewire_destroy(void *registry, uint32_t id) {
  const registry_methods *table = methods(registry);
  return table->destroy(object(registry), id);
}

int32_t pcmio_pipewire_enum_params(void *node, uint32_t id) {
  const node_methods *table = methods(node);
  return table->enum_params(object(node), 0, id, 0, UINT32_MAX, NULL);
}

static const char *get(const dict *properties, const char *key) {
  for (uint32_t i = 0; properties != NULL && i < properties->count; i++) {
    if (strcmp(properties->items[i].key, key) == 0) {
      return properties->items[i].value;
    }
  }
  return NULL;
}

static uint32_t get_id(const dict *properties, const char *key) {
  const char *text = get(properties, key);
  return text == NULL ? PCMIO_PIPEWIRE_ANY : (uint32_t)strtoul(text, NULL, 10);
}

static void lock(const pcmio_pipewire_connection *connection) { connection->api.thread_loop_lock(connection->loop); }

static void unlock(const pcmio_pipewire_connection *connection) {
  connection->api.thread_loop_unlock(connection->loop);
}

/* --- what a connection is told: loop thread ----------------------------------------------------------------------- */

static void end_stream(pcmio_pipewire_stream *stream, uint32_t kind, int32_t code) {
  if (atomic_exchange(&stream->over, 1) == 0) {
    pcmio_pump_note(stream->pump, kind, code, 0);
  }
  stream->post(stream->wakeup);
}

static void lose(pcmio_pipewire_connection *connection, int32_t error) {
  if (atomic_load(&connection->condition) != PCMIO_PIPEWIRE_LOST) {
    atomic_store(&connection->error, error);
    atomic_store(&connection->condition, PCMIO_PIPEWIRE_LOST);
    for (pcmio_pipewire_stream *stream = connection->streams; stream != NULL; stream = stream->next) {
      end_stream(stream, PCMIO_NOTE_HOST_LOST, error);
    }
  }
  connection->post(connection->wakeup);
}

static void on_core_done(void *data, uint32_t id, int sequence) {
  pcmio_pipewire_connection *connection = data;
  if (id == 0 && sequence == connection->asked_as) {
    uint32_t connecting = PCMIO_PIPEWIRE_CONNECTING;
    atomic_compare_exchange_strong(&connection->condition, &connecting, PCMIO_PIPEWIRE_READY);
    atomic_store(&connection->answered, connection->asked);
    connection->post(connection->wakeup);
  }
}

static void on_core_error(void *data, uint32_t id, int sequence, int result, const char *message) {
  pcmio_pipewire_connection *connection = data;
  (void)sequence;
  /* A server that is killed while it has something to read is ECONNRESET, or whatever sendmsg says; libpipewire (0.3.65
   * to 1.6) has these words for all of them, and asks the socket nothing more. */
  bool broken = result == BROKEN || (message != NULL && strcmp(message, "connection error") == 0);
  bool connecting = atomic_load(&connection->condition) == PCMIO_PIPEWIRE_CONNECTING;
  if (id == 0 && (broken || connecting)) {
    lose(connection, -result);
  }
}

static bool is_device(const pcmio_pipewire_connection *connection, uint32_t id) {
  for (uint32_t i = 0; i < connection->devices_count; i++) {
    if (connection->devices[i] == id) {
      return true;
    }
  }
  return false;
}

static void remember_device(pcmio_pipewire_connection *connection, uint32_t id) {
  if (connection->devices_count == connection->devices_room) {
    uint32_t more = connection->devices_room * 2 + 16;
    uint32_t *grown = realloc(connection->devices, more * sizeof *grown);
    if (grown == NULL) {
      return; /* its streams go on; only that one was moved there is not told */
    }
    connection->devices = grown;
    connection->devices_room = more;
  }
  connection->devices[connection->devices_count++] = id;
}

static void forget_device(pcmio_pipewire_connection *connection, uint32_t id) {
  for (uint32_t i = 0; i < connection->devices_count; i++) {
    if (connection->devices[i] == id) {
      connection->devices[i] = connection->devices[--connection->devices_count];
      return;
    }
  }
}

/* Whoever listens to a stream, or patches programs together, makes links too: only those with devices count. */
static void see_link(pcmio_pipewire_connection *connection, uint32_t from, uint32_t to) {
  for (pcmio_pipewire_stream *stream = connection->streams; stream != NULL; stream = stream->next) {
    uint32_t id = stream->native == NULL ? PCMIO_PIPEWIRE_ANY : connection->api.stream_get_node_id(stream->native);
    if (id == PCMIO_PIPEWIRE_ANY || id != (stream->output != 0 ? from : to)) {
      continue;
    }
    uint32_t peer = stream->output != 0 ? to : from;
    if (!is_device(connection, peer)) {
      continue;
    }
    if (peer != stream->peer && stream->target != PCMIO_PIPEWIRE_ANY) {
      stream->peer = peer;
      pcmio_pump_note(stream->pump, PCMIO_NOTE_MOVED, 0, peer);
    }
    atomic_store(&stream->linked, 1);
    stream->post(stream->wakeup);
  }
}

static void on_global(void *data, uint32_t id, uint32_t permissions, const char *type, uint32_t version,
                      const dict *properties) {
  pcmio_pipewire_connection *connection = data;
  (void)permissions;
  (void)version;
  if (strcmp(type, "PipeWire:Interface:Link") == 0) {
    see_link(connection, get_id(properties, "link.output.node"), get_id(properties, "link.input.node"));
  } else if (strcmp(type, "PipeWire:Interface:Node") == 0) {
    const char *media_class = get(properties, "media.class");
    if (media_class != NULL && strncmp(media_class, "Audio/", 6) == 0) {
      remember_device(connection, id);
    }
  }
}

static void on_global_remove(void *data, uint32_t id) {
  pcmio_pipewire_connection *connection = data;
  forget_device(connection, id);
  for (pcmio_pipewire_stream *stream = connection->streams; stream != NULL; stream = stream->next) {
    if (stream->pinned != 0 && stream->target == id) {
      end_stream(stream, PCMIO_NOTE_DEVICE_LOST, 0);
    }
    if (stream->peer == id) {
      stream->peer = PCMIO_PIPEWIRE_ANY; /* the device that it will be linked with may be given the same id */
    }
  }
}

static const core_events CORE_EVENTS = {.done = on_core_done, .error = on_core_error};
static const registry_events REGISTRY_EVENTS = {.global = on_global, .global_remove = on_global_remove};

/* --- connections -------------------------------------------------------------------------------------------------- */

pcmio_pipewire_connection *pcmio_pipewire_connection_new(const pcmio_pipewire_api *api, pcmio_wakeup *wakeup) {
  pcmio_pipewire_connection *connection = calloc(1, sizeof *connection);
  if (connection != NULL) {
    connection->api = *api;
    connection->post = pcmio_wakeup_post;
    connection->wakeup = wakeup;
  }
  return connection;
}

static void ask(pcmio_pipewire_connection *connection) {
  connection->asked++;
  connection->asked_as = pcmio_pipewire_sync(connection->core, (int32_t)connection->asked);
}

int32_t pcmio_pipewire_connection_open(pcmio_pipewire_connection *connection, void *loop, void *context,
                                       int32_t descriptor, void *properties) {
  const pcmio_pipewire_api *api = &connection->api;
  connection->loop = loop;
  connection->context = context;
  /* Before the thread runs: whatever happens at once happens on this thread. */
  connection->core = api->context_connect_fd(context, descriptor, properties, 0);
  if (connection->core == NULL) {
    return IO_ERROR;
  }
  pcmio_pipewire_listen(connection->core, &connection->core_hook, &CORE_EVENTS, connection);
  connection->registry = pcmio_pipewire_registry(connection->core);
  if (connection->registry == NULL) {
    return NO_MEMORY;
  }
  pcmio_pipewire_listen(connection->registry, &connection->registry_hook, &REGISTRY_EVENTS, connection);
  ask(connection);
  return api->thread_loop_start(loop);
}

uint32_t pcmio_pipewire_connection_condition(const pcmio_pipewire_connection *connection) {
  return atomic_load(&connection->condition);
}

int32_t pcmio_pipewire_connection_error(const pcmio_pipewire_connection *connection) {
  return atomic_load(&connection->error);
}

uint32_t pcmio_pipewire_connection_ask(pcmio_pipewire_connection *connection) {
  lock(connection);
  ask(connection);
  uint32_t asked = connection->asked;
  unlock(connection);
  return asked;
}

uint32_t pcmio_pipewire_connection_answered(const pcmio_pipewire_connection *connection) {
  return atomic_load(&connection->answered);
}

void pcmio_pipewire_connection_free(pcmio_pipewire_connection *connection) {
  const pcmio_pipewire_api *api = &connection->api;
  if (connection->loop != NULL) {
    api->thread_loop_stop(connection->loop);
    if (connection->registry != NULL) {
      api->proxy_destroy(connection->registry);
    }
    if (connection->core != NULL) {
      api->core_disconnect(connection->core);
    }
    api->context_destroy(connection->context);
    api->thread_loop_destroy(connection->loop);
  }
  free(connection->devices);
  free(connection);
}

/* --- what a stream is told: loop thread --------------------------------------------------------------------------- */

static void complain(pcmio_pipewire_stream *stream, const char *message) {
  size_t length = message == NULL ? 0 : strlen(message);
  length = length < sizeof stream->complaint ? length : sizeof stream->complaint - 1;
  if (length != 0) {
    memcpy(stream->complaint, message, length);
  }
  stream->complaint[length] = '\0';
}

static void on_state_changed(void *data, int32_t old, int32_t state, const char *error) {
  pcmio_pipewire_stream *stream = data;
  bool opened = atomic_load(&stream->state) > 1; /* it was paused or streaming: an end is news */
  (void)old;
  atomic_store(&stream->state, state);
  if (state == STATE_ERROR) {
    complain(stream, error);
  }
  if (opened && (state == STATE_ERROR || state == STATE_UNCONNECTED)) {
    end_stream(stream, PCMIO_NOTE_FAILED, state);
  }
  stream->post(stream->wakeup);
}

/* The area before is unmapped as soon as this returns. */
static void on_io_changed(void *data, uint32_t id, void *area, uint32_t bytes) {
  pcmio_pipewire_stream *stream = data;
  if (id == IO_POSITION) {
    atomic_store(&stream->clock, bytes >= sizeof(pcmio_pw_clock) ? area : NULL);
    while (atomic_load(&stream->inside) != 0) {
      pcmio_sleep_nanos(WAIT_STEP_NANOS);
    }
  }
}

static void on_drained(void *data) {
  pcmio_pipewire_stream *stream = data;
  pcmio_pump_note(stream->pump, PCMIO_NOTE_DRAINED, 0, atomic_load(&stream->heard_nanos));
}

static const stream_events STREAM_EVENTS = {
    .state_changed = on_state_changed,
    .control_info = pcmio_pipewire_on_control,
    .io_changed = on_io_changed,
    .process = pcmio_pipewire_process,
    .drained = on_drained,
};

static int32_t denied(void) {
#if defined(__linux__)
  int policy = sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;
  return policy == SCHED_FIFO || policy == SCHED_RR ? 0 : PERMISSION;
#else
  return 0;
#endif
}

/* --- streams ------------------------------------------------------------------------------------------------------ */

pcmio_pipewire_stream *pcmio_pipewire_stream_new(pcmio_pipewire_connection *connection, pcmio_pump *pump,
                                                 pcmio_wakeup *wakeup) {
  pcmio_pipewire_stream *stream = calloc(1, sizeof *stream);
  if (stream != NULL) {
    stream->connection = connection;
    stream->pump = pump;
    stream->post = pcmio_wakeup_post;
    stream->wakeup = wakeup;
    stream->denied = denied;
    pcmio_pipewire_volume_begin(stream);
  }
  return stream;
}

static int32_t connect_stream(pcmio_pipewire_stream *stream, const pcmio_pipewire_request *request) {
  const pcmio_pipewire_api *api = &stream->connection->api;
  const void *params[1] = {request->param};
  stream->native = api->stream_new(stream->connection->core, request->name, request->properties);
  if (stream->native == NULL) {
    return NO_MEMORY;
  }
  api->stream_add_listener(stream->native, &stream->hook, &STREAM_EVENTS, stream);
  return api->stream_connect(stream->native, request->output, PCMIO_PIPEWIRE_ANY, request->flags, params, 1);
}

int32_t pcmio_pipewire_stream_open(pcmio_pipewire_stream *stream, const pcmio_pipewire_request *request) {
  pcmio_pipewire_connection *connection = stream->connection;
  stream->output = request->output;
  stream->rate = request->rate;
  stream->frame_bytes = request->frame_bytes;
  stream->pinned = request->pinned;
  stream->target = request->target;
  stream->peer = request->target;
  lock(connection);
  stream->next = connection->streams;
  connection->streams = stream;
  int32_t result = connect_stream(stream, request);
  if (atomic_load(&connection->condition) == PCMIO_PIPEWIRE_LOST) {
    result = BROKEN;
  } else if (result == 0 && stream->pinned != 0 && !is_device(connection, stream->target)) {
    end_stream(stream, PCMIO_NOTE_DEVICE_LOST, 0); /* it went before this stream could hear of that */
  }
  unlock(connection);
  return result;
}

int32_t pcmio_pipewire_stream_state(const pcmio_pipewire_stream *stream) { return atomic_load(&stream->state); }

uint32_t pcmio_pipewire_stream_over(const pcmio_pipewire_stream *stream) { return atomic_load(&stream->over); }

uint32_t pcmio_pipewire_stream_linked(const pcmio_pipewire_stream *stream) { return atomic_load(&stream->linked); }

uint32_t pcmio_pipewire_stream_node(const pcmio_pipewire_stream *stream) {
  lock(stream->connection);
  uint32_t id =
      stream->native == NULL ? PCMIO_PIPEWIRE_ANY : stream->connection->api.stream_get_node_id(stream->native);
  unlock(stream->connection);
  return id;
}

void pcmio_pipewire_stream_complaint(pcmio_pipewire_stream *stream, char *text) {
  lock(stream->connection);
  memcpy(text, stream->complaint, sizeof stream->complaint);
  unlock(stream->connection);
}

int32_t pcmio_pipewire_stream_start(pcmio_pipewire_stream *stream) {
  lock(stream->connection);
  atomic_store(&stream->afresh, 1);
  int32_t result = stream->connection->api.stream_set_active(stream->native, true);
  unlock(stream->connection);
  return result;
}

int32_t pcmio_pipewire_stream_hold(pcmio_pipewire_stream *stream, uint32_t discard) {
  const pcmio_pipewire_api *api = &stream->connection->api;
  lock(stream->connection);
  int32_t result = api->stream_set_active(stream->native, false);
  if (discard != 0 && result >= 0) {
    result = api->stream_flush(stream->native, false);
  }
  unlock(stream->connection);
  return result < 0 && result != NOT_SUPPORTED ? result : 0; /* nothing to be emptied, say some versions */
}

int32_t pcmio_pipewire_stream_drain(pcmio_pipewire_stream *stream) {
  lock(stream->connection);
  int32_t result = stream->connection->api.stream_flush(stream->native, true);
  unlock(stream->connection);
  return result;
}

void pcmio_pipewire_stream_free(pcmio_pipewire_stream *stream) {
  pcmio_pipewire_connection *connection = stream->connection;
  if (connection->loop != NULL) {
    lock(connection);
    atomic_store(&stream->over, 1);
    for (pcmio_pipewire_stream **at = &connection->streams; *at != NULL; at = &(*at)->next) {
      if (*at == stream) {
        *at = stream->next;
        break;
      }
    }
    if (stream->native != NULL) {
      connection->api.stream_destroy(stream->native);
    }
    unlock(connection);
  }
  free(stream);
}
