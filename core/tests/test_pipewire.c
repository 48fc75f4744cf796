/* What a connection's loop thread is told, by a libpipewire of a few functions. */
#include <string.h>

#include "check.h"
#include "pump_pipewire.h"

#define RESET (-104) /* ECONNRESET */
#define UNKNOWN (-2) /* ENOENT */
#define WORDS "connection error"

typedef struct {
  uint32_t version;
  void (*info)(void *data, const void *info);
  void (*done)(void *data, uint32_t id, int sequence);
  void (*ping)(void *data, uint32_t id, int sequence);
  void (*error)(void *data, uint32_t id, int sequence, int result, const char *message);
} core_events;

typedef struct {
  uint32_t version;
  int (*add_listener)(void *object, void *hook, const void *events, void *data);
  int (*hello)(void *object, uint32_t version);
  int (*sync)(void *object, uint32_t id, int sequence);
  int (*pong)(void *object, uint32_t id, int sequence);
  int (*error)(void *object, uint32_t id, int sequence, int result, const char *message);
  void *(*get_registry)(void *object, uint32_t version, size_t user_data_bytes);
} methods;

typedef struct {
  const char *type;
  uint32_t version;
  const methods *methods;
  void *data;
} proxy;

static const core_events *told; /* the core's listener */
static void *told_data;
static proxy server_core, server_registry;

static int listen_to(void *object, void *hook, const void *events, void *data) {
  (void)hook;
  if (object == &server_core) {
    told = events;
    told_data = data;
  }
  return 0;
}

static int answer(void *object, uint32_t id, int sequence) {
  (void)object;
  (void)id;
  return sequence;
}

static void *find_registry(void *object, uint32_t version, size_t bytes) {
  (void)object;
  (void)version;
  (void)bytes;
  return &server_registry;
}

static const methods METHODS = {.add_listener = listen_to, .sync = answer, .get_registry = find_registry};

static void *connect_to(void *context, int descriptor, void *properties, size_t bytes) {
  (void)context;
  (void)descriptor;
  (void)properties;
  (void)bytes;
  return &server_core;
}

static int start(void *loop) {
  (void)loop;
  return 0;
}

static pcmio_pipewire_connection *connected(void) {
  pcmio_pipewire_api api = {.context_connect_fd = connect_to, .thread_loop_start = start};
  server_core = (proxy){.methods = &METHODS, .data = &server_core};
  server_registry = (proxy){.methods = &METHODS, .data = &server_registry};
  pcmio_wakeup *wakeup = pcmio_wakeup_new();
  pcmio_pipewire_connection *connection = pcmio_pipewire_connection_new(&api, wakeup);
  CHECK_EQUAL(pcmio_pipewire_connection_open(connection, NULL, NULL, 0, NULL), 0);
  CHECK_EQUAL(pcmio_pipewire_connection_condition(connection), PCMIO_PIPEWIRE_CONNECTING);
  return connection;
}

static void hang_up(pcmio_pipewire_connection *connection) {
  pcmio_wakeup *wakeup = connection->wakeup;
  pcmio_pipewire_connection_free(connection); /* it has no loop: nothing else is freed */
  pcmio_wakeup_free(wakeup);
}

static void a_connection_that_breaks_is_lost_whatever_the_number(void) {
  static const int NUMBERS[] = {-32, RESET, -88};
  for (uint32_t i = 0; i < 3; i++) {
    pcmio_pipewire_connection *connection = connected();
    told->done(told_data, 0, connection->asked_as);
    CHECK_EQUAL(pcmio_pipewire_connection_condition(connection), PCMIO_PIPEWIRE_READY);
    told->error(told_data, 0, 0, NUMBERS[i], WORDS);
    CHECK_EQUAL(pcmio_pipewire_connection_condition(connection), PCMIO_PIPEWIRE_LOST);
    CHECK_EQUAL(pcmio_pipewire_connection_error(connection), -NUMBERS[i]);
    hang_up(connection);
  }
}

static void what_a_server_refuses_loses_no_connection(void) {
  pcmio_pipewire_connection *connection = connected();
  told->done(told_data, 0, connection->asked_as);
  told->error(told_data, 0, 0, UNKNOWN, "unknown resource 5");
  told->error(told_data, 7, 0, RESET, NULL);
  CHECK_EQUAL(pcmio_pipewire_connection_condition(connection), PCMIO_PIPEWIRE_READY);
  hang_up(connection);
}

static void who_is_not_let_in_learns_why(void) {
  pcmio_pipewire_connection *connection = connected();
  told->error(told_data, 0, 0, -13, "no rights");
  CHECK_EQUAL(pcmio_pipewire_connection_condition(connection), PCMIO_PIPEWIRE_LOST);
  CHECK_EQUAL(pcmio_pipewire_connection_error(connection), 13);
  hang_up(connection);
}

int main(void) {
  RUN(a_connection_that_breaks_is_lost_whatever_the_number);
  RUN(what_a_server_refuses_loses_no_connection);
  RUN(who_is_not_let_in_learns_why);
  return 0;
}
