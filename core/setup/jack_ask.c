/* Questions to a JACK server that may never answer: it hangs, or was stopped.
 *
 * libjack waits for each answer without end, or until a signal comes: then it takes the answer for that of the next
 * question, and the client is of no use any more (jackd2 1.9.21, JackClientSocket::Read).  So each question is asked on
 * a thread of its own, which takes no signals, and is left behind in it if need be. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "pump_jack.h"
#include "threads.h"

enum { UNDER_WAY, ANSWERED, ABANDONED };

typedef struct question question;

struct question {
  void (*ask)(question *asked);
  void (*ask_later)(question *asked); /* what is left to do when nobody waits any more; NULL: nothing */
  pcmio_wakeup *wakeup;
  pcmio_thread *thread; /* set before it is left behind */
  _Atomic uint32_t state;
  int32_t answer;
  int64_t result; /* of libjack's call: a code, or a port */
  pcmio_jack_call call;
  char *first;
  char *second;
  uint64_t flags;
  pcmio_jack_client *client;
  void **ports;
  uint32_t count;
  int64_t order_nanos;
  int (*close_client)(void *handle);
  void *handle;
  uint64_t notifier;
  uint32_t lost;
};

/* NULL: no memory. */
static question *question_of(void (*ask)(question *asked), int (*close_client)(void *handle), void *handle,
                             uint64_t notifier) {
  question *asked = calloc(1, sizeof *asked);
  if (asked != NULL) {
    asked->ask = ask;
    asked->close_client = close_client;
    asked->handle = handle;
    asked->notifier = notifier;
  }
  return asked;
}

static void forget(question *asked) {
  pcmio_wakeup_free(asked->wakeup);
  free(asked->first);
  free(asked->second);
  free(asked->ports);
  free(asked);
}

static void body(void *argument) {
  question *asked = argument;
  asked->ask(asked);
  if (atomic_exchange(&asked->state, ANSWERED) != ABANDONED) {
    pcmio_wakeup_post(asked->wakeup);
    return;
  }
  if (asked->ask_later != NULL) {
    asked->ask_later(asked);
  }
  pcmio_thread_leave(asked->thread);
  forget(asked);
}

/* Asks, and forgets the question; PCMIO_JACK_UNANSWERED: the thread has kept it. */
static int32_t ask(question *asked, int64_t answer_nanos, int64_t *result) {
  asked->wakeup = pcmio_wakeup_new();
  pcmio_thread *thread = asked->wakeup == NULL ? NULL : pcmio_thread_start(body, asked);
  if (thread == NULL) { /* then there is no way but to wait */
    asked->ask(asked);
  } else {
    uint32_t under_way = UNDER_WAY;
    asked->thread = thread;
    if (pcmio_wakeup_wait(asked->wakeup, answer_nanos) == 0 &&
        atomic_compare_exchange_strong(&asked->state, &under_way, ABANDONED)) {
      return PCMIO_JACK_UNANSWERED;
    }
    pcmio_thread_join(thread);
  }
  int32_t answer = asked->answer;
  if (result != NULL) {
    *result = asked->result;
  }
  forget(asked);
  return answer;
}

static void ask_to_unregister(question *asked) {
  asked->answer = (int32_t)pcmio_jack_unregister(asked->client, asked->ports, asked->count, asked->order_nanos);
}

static void ask_to_close(question *asked) {
  pcmio_jack_close(asked->close_client, asked->handle, asked->notifier, asked->lost);
  asked->answer = 0;
}

static void ask_to_activate(question *asked) {
  asked->result = asked->call.activate(asked->handle);
  asked->answer = asked->result < 0;
}

static void ask_to_link(question *asked) {
  asked->result = asked->call.link(asked->handle, asked->first, asked->second);
  asked->answer = asked->result < 0;
}

static void ask_to_register(question *asked) {
  void *port = asked->call.register_port(asked->handle, asked->first, asked->second, (unsigned long)asked->flags, 0);
  asked->result = (int64_t)(intptr_t)port;
  asked->answer = port == NULL;
}

/* The server answers again: it need not have this client any longer.  When it is gone instead, libjack closes what is
 * left of its clients by itself as the next one is opened, and must not find them closed. */
static void close_if_answered(question *asked) {
  if (asked->answer == 0) {
    ask_to_close(asked);
  }
}

int32_t pcmio_jack_unregister_within(pcmio_jack_client *client, void *const *ports, uint32_t count, int64_t order_nanos,
                                     int64_t answer_nanos, int (*close_client)(void *handle), uint64_t notifier) {
  question *asked = question_of(ask_to_unregister, close_client, client->handle, notifier);
  void **copy = calloc(count == 0 ? 1 : count, sizeof *copy);
  if (asked == NULL || copy == NULL) {
    free(asked);
    free(copy);
    return (int32_t)pcmio_jack_unregister(client, ports, count, order_nanos);
  }
  memcpy(copy, ports, count * sizeof *copy);
  asked->ask_later = close_if_answered;
  asked->client = client;
  asked->ports = copy;
  asked->count = count;
  asked->order_nanos = order_nanos;
  return ask(asked, answer_nanos, NULL);
}

int32_t pcmio_jack_close_within(int (*close_client)(void *handle), void *handle, uint64_t notifier, uint32_t lost,
                                int64_t answer_nanos) {
  question *asked = question_of(ask_to_close, close_client, handle, notifier);
  if (asked == NULL) {
    pcmio_jack_close(close_client, handle, notifier, lost);
    return 0;
  }
  asked->lost = lost;
  return ask(asked, answer_nanos, NULL);
}

static char *copy_of(const char *text) {
  size_t bytes = strlen(text) + 1;
  char *copy = malloc(bytes);
  return copy == NULL ? NULL : memcpy(copy, text, bytes);
}

int32_t pcmio_jack_ask_within(pcmio_jack_client *client, uint32_t what, pcmio_jack_call call, const char *first,
                              const char *second, uint64_t flags, int64_t answer_nanos,
                              int (*close_client)(void *handle), uint64_t notifier, int64_t *result) {
  static void (*const asks[])(question *) = {ask_to_activate, ask_to_link, ask_to_register};
  question *asked = question_of(asks[what], close_client, client->handle, notifier);
  char *texts[2] = {copy_of(first), copy_of(second)};
  if (asked == NULL || texts[0] == NULL || texts[1] == NULL) {
    free(asked);
    free(texts[0]);
    free(texts[1]);
    return PCMIO_JACK_NO_MEMORY;
  }
  asked->ask_later = close_if_answered;
  asked->call = call;
  asked->first = texts[0];
  asked->second = texts[1];
  asked->flags = flags;
  return ask(asked, answer_nanos, result);
}
