/* libjack's thread for notifications: known by its number, and left alone until it can be cancelled. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "check.h"
#include "pcmio_systems.h"

#if defined(__linux__)

#define BUSY_NANOS 20000000u

typedef struct {
  int pipe[2];
  uint64_t busy_nanos;
  _Atomic uint32_t busy; /* as with libjack's lock held */
  _Atomic uint32_t reading;
  _Atomic uint32_t ended;
  uint64_t number;
  pthread_t thread;
} notifier;

static pcmio_jack_thread_creator create;
static uint32_t closed;

static void remember(pcmio_jack_thread_creator given) { create = given; }

static void *listen(void *argument) {
  notifier *own = argument;
  atomic_store(&own->busy, 1);
  uint64_t begin = pcmio_clock_nanos();
  while (pcmio_clock_nanos() - begin < own->busy_nanos) {
  }
  atomic_store(&own->busy, 0);
  atomic_store(&own->reading, 1);
  char said = 0;
  while (read(own->pipe[0], &said, 1) < 0) {
  }
  begin = pcmio_clock_nanos();
  while (said == 'e' && pcmio_clock_nanos() - begin < own->busy_nanos) {
  }
  atomic_store(&own->ended, 1);
  return NULL;
}

static void begin(notifier *own, uint64_t busy_nanos) {
  *own = (notifier){.busy_nanos = busy_nanos};
  CHECK_EQUAL(pipe(own->pipe), 0);
  CHECK_EQUAL(create(&own->thread, NULL, listen, own), 0);
  own->number = pcmio_jack_created_thread();
  CHECK(own->number != 0 && own->number != pcmio_thread_number());
}

static void end(notifier *own, char said) {
  CHECK_EQUAL(write(own->pipe[1], &said, 1), 1);
  pthread_join(own->thread, NULL);
  close(own->pipe[0]);
  close(own->pipe[1]);
}

static int close_idle(void *client) {
  notifier *own = client;
  CHECK_EQUAL(atomic_load(&own->busy), 0);
  closed++;
  return 7;
}

static int close_ended(void *client) {
  notifier *own = client;
  CHECK_EQUAL(atomic_load(&own->ended), 1);
  closed++;
  return 0;
}

static void each_created_thread_is_told_once(void) {
  notifier own;
  begin(&own, 0);
  CHECK_EQUAL(pcmio_jack_created_thread(), 0);
  end(&own, 'x');
}

static void a_client_is_closed_while_its_thread_waits(void) {
  notifier own;
  begin(&own, BUSY_NANOS);
  while (atomic_load(&own.busy) == 0 && atomic_load(&own.reading) == 0) {
  }
  CHECK_EQUAL(pcmio_jack_close(close_idle, &own, own.number, 0), 7);
  CHECK_EQUAL(closed, 1);
  end(&own, 'x');
}

static void a_client_without_a_server_is_closed_after_its_thread(void) {
  notifier own;
  begin(&own, BUSY_NANOS);
  CHECK_EQUAL(write(own.pipe[1], "e", 1), 1);
  CHECK_EQUAL(pcmio_jack_close(close_ended, &own, own.number, 1), 0);
  CHECK_EQUAL(closed, 2);
  end(&own, 'x');
}

static void a_thread_that_stays_is_not_waited_for_long(void) {
  notifier own;
  begin(&own, 0);
  CHECK_EQUAL(pcmio_jack_close(close_idle, &own, own.number, 1), 7);
  CHECK_EQUAL(pcmio_jack_close(close_idle, &own, 0, 1), 7); /* one that is not known, not at all */
  end(&own, 'x');
}

int main(void) {
  pcmio_jack_note_threads(remember);
  RUN(each_created_thread_is_told_once);
  RUN(a_client_is_closed_while_its_thread_waits);
  RUN(a_client_without_a_server_is_closed_after_its_thread);
  RUN(a_thread_that_stays_is_not_waited_for_long);
  return 0;
}

#else

int main(void) { return 0; }

#endif
