/* Asking and leaving a JACK server that does not answer. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "check.h"
#include "pcmio_systems.h"

#define SOON 1000000     /* nanoseconds: of who is not answered */
#define LATE 60000000000 /* of who is */
#define STEP 100000

static _Atomic uint32_t stopped; /* the server answers nobody */
static _Atomic uint32_t dead;    /* it never will */
static _Atomic uint32_t unregistered;
static _Atomic uint32_t closed;
static int handle;
static pcmio_jack_client *volatile kept;

static void await_server(void) {
  while (atomic_load(&stopped) != 0) {
    pcmio_sleep_nanos(STEP);
  }
}

static int unregister(void *client, void *port) {
  CHECK(client == &handle && port != NULL);
  await_server();
  atomic_fetch_add(&unregistered, 1);
  return atomic_load(&dead) != 0 ? -1 : 0;
}

static int close_client(void *client) {
  CHECK(client == &handle);
  await_server();
  atomic_fetch_add(&closed, 1);
  return 0;
}

static void check_signals(void) { /* one that came would spoil libjack's reading of an answer */
  sigset_t blocked;
  CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, NULL, &blocked), 0);
  CHECK_EQUAL(sigismember(&blocked, SIGINT), 1);
}

static int activate(void *client) {
  check_signals();
  return unregister(client, client);
}

static int link_ports(void *client, const char *source, const char *destination) {
  check_signals();
  CHECK(strcmp(source, "a:1") == 0 && strcmp(destination, "b:2") == 0);
  return unregister(client, client) == 0 ? 17 : -1;
}

static void *register_port(void *client, const char *name, const char *type, unsigned long flags,
                           unsigned long frames) {
  check_signals();
  CHECK(strcmp(name, "a:1") == 0 && strcmp(type, "b:2") == 0 && flags == 2 && frames == 0);
  return unregister(client, client) == 0 ? &handle : NULL;
}

static const pcmio_jack_call CALLS[] = {{.activate = activate}, {.link = link_ports}, {.register_port = register_port}};

static int32_t ask(pcmio_jack_client *client, uint32_t what, int64_t answer_nanos, int64_t *result) {
  return pcmio_jack_ask_within(client, what, CALLS[what], "a:1", "b:2", 2, answer_nanos, close_client, 0, result);
}

static pcmio_jack_client *open_client(void) {
  pcmio_jack_api api = {.port_unregister = unregister};
  pcmio_jack_client *client = pcmio_jack_client_new(&api);
  CHECK(client != NULL);
  pcmio_jack_client_opened(client, &handle, 48000, 128);
  atomic_store(&unregistered, 0);
  atomic_store(&closed, 0);
  return client;
}

static int32_t leave(pcmio_jack_client *client, int64_t answer_nanos) {
  void *ports[2] = {&stopped, &dead};
  return pcmio_jack_unregister_within(client, ports, 2, 0, answer_nanos, close_client, 0);
}

static void await(_Atomic uint32_t *count, uint32_t number) {
  while (atomic_load(count) != number) {
    pcmio_sleep_nanos(STEP);
  }
}

static void a_server_that_answers_is_left_in_good_order(void) {
  pcmio_jack_client *client = open_client();
  CHECK_EQUAL(leave(client, LATE), 0);
  CHECK_EQUAL(unregistered, 2);
  CHECK_EQUAL(pcmio_jack_close_within(close_client, &handle, 0, 0, LATE), 0);
  CHECK_EQUAL(closed, 1);
  pcmio_jack_client_free(client);
}

static void a_refusal_is_an_answer(void) {
  pcmio_jack_client *client = open_client();
  atomic_store(&dead, 1);
  CHECK_EQUAL(leave(client, LATE), 2);
  CHECK_EQUAL(closed, 0);
  atomic_store(&dead, 0);
  pcmio_jack_client_free(client);
}

static void a_server_that_answers_too_late_has_its_client_closed(void) {
  pcmio_jack_client *client = open_client();
  atomic_store(&stopped, 1);
  CHECK_EQUAL(leave(client, SOON), PCMIO_JACK_UNANSWERED);
  CHECK_EQUAL(unregistered + closed, 0);
  atomic_store(&stopped, 0);
  await(&closed, 1);
  CHECK_EQUAL(unregistered, 2);
  pcmio_jack_client_free(client);
}

static void no_client_is_closed_of_a_server_that_is_gone(void) {
  pcmio_jack_client *client = open_client();
  atomic_store(&stopped, 1);
  CHECK_EQUAL(leave(client, SOON), PCMIO_JACK_UNANSWERED);
  atomic_store(&dead, 1);
  atomic_store(&stopped, 0);
  await(&unregistered, 2);
  CHECK_EQUAL(pcmio_jack_close_within(close_client, &handle, 0, 1, LATE), 0);
  CHECK_EQUAL(closed, 1);
  atomic_store(&dead, 0);
  kept = client; /* the thread may still look whether it is lost */
}

static void closing_is_not_waited_for_without_end(void) {
  pcmio_jack_client *client = open_client();
  atomic_store(&stopped, 1);
  CHECK_EQUAL(pcmio_jack_close_within(close_client, &handle, 0, 0, SOON), PCMIO_JACK_UNANSWERED);
  CHECK_EQUAL(closed, 0);
  atomic_store(&stopped, 0);
  await(&closed, 1);
  pcmio_jack_client_free(client);
}

static void what_libjack_says_is_told(void) {
  pcmio_jack_client *client = open_client();
  int64_t wanted[] = {0, 17, (int64_t)(intptr_t)&handle};
  for (uint32_t what = PCMIO_JACK_ACTIVATE; what <= PCMIO_JACK_REGISTER; what++) {
    int64_t result = -2;
    CHECK_EQUAL(ask(client, what, LATE, &result), 0);
    CHECK_EQUAL(result, wanted[what]);
    atomic_store(&dead, 1);
    CHECK(ask(client, what, LATE, &result) != PCMIO_JACK_UNANSWERED);
    CHECK_EQUAL(result, what == PCMIO_JACK_REGISTER ? 0 : -1);
    atomic_store(&dead, 0);
  }
  CHECK_EQUAL(closed, 0);
  pcmio_jack_client_free(client);
}

static void a_question_is_not_waited_for_without_end(void) {
  for (uint32_t what = PCMIO_JACK_ACTIVATE; what <= PCMIO_JACK_REGISTER; what++) {
    pcmio_jack_client *client = open_client();
    int64_t result = -2;
    atomic_store(&stopped, 1);
    CHECK_EQUAL(ask(client, what, SOON, &result), PCMIO_JACK_UNANSWERED);
    CHECK_EQUAL(result, -2);
    atomic_store(&stopped, 0);
    await(&closed, 1);
    pcmio_jack_client_free(client);
  }
}

int main(void) {
  RUN(what_libjack_says_is_told);
  RUN(a_question_is_not_waited_for_without_end);
  RUN(a_server_that_answers_is_left_in_good_order);
  RUN(a_refusal_is_an_answer);
  RUN(a_server_that_answers_too_late_has_its_client_closed);
  RUN(no_client_is_closed_of_a_server_that_is_gone);
  RUN(closing_is_not_waited_for_without_end);
  return 0;
}
