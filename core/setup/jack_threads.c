/* Closing a client without hanging in libjack (jackd2 1.9.21).
 *
 * Each client has a thread that hears the server's notifications.  jack_client_close cancels it (JackClient::Close,
 * JackPosixThread::Kill), and when another client has just gone it may be in close(2), where it can be cancelled, with
 * libjack's lock held: nobody in this process gets that lock again then.  So a client is closed while that thread waits
 * for its next notification; or, when the server is gone, after the thread has come to its end by itself. */
#define _GNU_SOURCE
#include "pcmio_systems.h"

#if defined(__linux__)

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STEP_NANOS 100000
#define IDLE_NANOS 100000000
#define END_NANOS 500000000

typedef struct {
  void *(*body)(void *);
  void *argument;
  _Atomic uint64_t number; /* the creator frees all this when it is there */
} beginning;

/* The number of the thread that each thread has created last; not _Thread_local, for which glibc before 2.34 has a
 * shared library need ld-linux. */
static pthread_key_t last_created;
static pthread_once_t has_key = PTHREAD_ONCE_INIT;

static void make_key(void) { pthread_key_create(&last_created, NULL); }

static void *begin(void *argument) {
  beginning *own = argument;
  void *(*body)(void *) = own->body;
  void *bodys = own->argument;
  atomic_store(&own->number, pcmio_thread_number());
  return body(bodys);
}

static int create(void *thread, const void *attributes, void *(*body)(void *), void *argument) {
  beginning *own = calloc(1, sizeof *own);
  if (own == NULL) {
    return pthread_create(thread, attributes, body, argument);
  }
  own->body = body;
  own->argument = argument;
  int failed = pthread_create(thread, attributes, begin, own);
  while (failed == 0 && atomic_load(&own->number) == 0) {
    pcmio_sleep_nanos(STEP_NANOS);
  }
  pthread_once(&has_key, make_key);
  pthread_setspecific(last_created, (void *)(uintptr_t)atomic_load(&own->number));
  free(own);
  return failed;
}

void pcmio_jack_note_threads(void (*set_thread_creator)(pcmio_jack_thread_creator creator)) {
  set_thread_creator(create);
}

uint64_t pcmio_jack_created_thread(void) {
  pthread_once(&has_key, make_key);
  uint64_t number = (uintptr_t)pthread_getspecific(last_created);
  pthread_setspecific(last_created, NULL);
  return number;
}

static bool has_ended(uint64_t number) { return syscall(SYS_tgkill, getpid(), (pid_t)number, 0) != 0; }

/* Whether the thread is asleep in a system call; also where the system does not say. */
static bool is_idle(uint64_t number) {
  char path[64];
  char state[8] = "";
  snprintf(path, sizeof path, "/proc/self/task/%llu/syscall", (unsigned long long)number);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return true;
  }
  bool running = read(file, state, sizeof state - 1) > 0 && state[0] == 'r'; /* "running", or a number and arguments */
  close(file);
  return !running;
}

static void await(bool (*holds)(uint64_t number), uint64_t number, uint64_t timeout_nanos) {
  uint64_t begin_nanos = pcmio_clock_nanos();
  while (!holds(number) && pcmio_clock_nanos() - begin_nanos < timeout_nanos) {
    pcmio_sleep_nanos(STEP_NANOS);
  }
}

int32_t pcmio_jack_close(int (*close_client)(void *client), void *client, uint64_t notifier, uint32_t lost) {
  if (notifier != 0) {
    await(lost != 0 ? has_ended : is_idle, notifier, lost != 0 ? END_NANOS : IDLE_NANOS);
  }
  return close_client(client);
}

#else

void pcmio_jack_note_threads(void (*set_thread_creator)(pcmio_jack_thread_creator creator)) {
  (void)set_thread_creator;
}

uint64_t pcmio_jack_created_thread(void) { return 0; }

int32_t pcmio_jack_close(int (*close_client)(void *client), void *client, uint64_t notifier, uint32_t lost) {
  (void)notifier;
  (void)lost;
  return close_client(client);
}

#endif
