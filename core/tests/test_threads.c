/* Threads, time and priority. */
#define _GNU_SOURCE
#include "threads.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "check.h"
#include "pcmio.h"

#define MILLISECOND UINT64_C(1000000)

static void the_clock_never_steps_back(void) {
  uint64_t latest = pcmio_clock_nanos();
  for (uint32_t i = 0; i < 100000; i++) {
    uint64_t now = pcmio_clock_nanos();
    CHECK(now >= latest);
    latest = now;
  }
}

static void sleep_lasts_at_least_as_long_as_asked(void) {
  uint64_t begin = pcmio_clock_nanos();
  pcmio_sleep_nanos(5 * MILLISECOND);
  CHECK(pcmio_clock_nanos() - begin >= 5 * MILLISECOND);
  pcmio_sleep_until(begin + 12 * MILLISECOND);
  CHECK(pcmio_clock_nanos() - begin >= 12 * MILLISECOND);
}

static void there_is_no_sleep_until_the_past(void) {
  uint64_t begin = pcmio_clock_nanos();
  pcmio_sleep_nanos(0);
  pcmio_sleep_nanos(-1);
  pcmio_sleep_nanos(INT64_MIN);
  pcmio_sleep_until(0);
  pcmio_sleep_until(begin);
  CHECK(pcmio_clock_nanos() - begin < 10000 * MILLISECOND);
}

static _Atomic bool was_there;

static void look_round(void *argument) {
  sigset_t blocked;
  CHECK(argument == &was_there);
  CHECK_EQUAL(pthread_sigmask(SIG_SETMASK, NULL, &blocked), 0);
  CHECK(sigismember(&blocked, SIGINT));
  CHECK(sigismember(&blocked, SIGALRM));
  atomic_store(&was_there, true);
}

static void a_thread_runs_once_and_takes_no_signals(void) {
  sigset_t blocked;
  pcmio_thread *thread = pcmio_thread_start(look_round, &was_there);
  CHECK(thread != NULL);
  CHECK_EQUAL(pthread_sigmask(SIG_SETMASK, NULL, &blocked), 0);
  CHECK(!sigismember(&blocked, SIGINT)); /* ours are as before */
  pcmio_thread_join(thread);
  CHECK(atomic_load(&was_there));
}

static void an_impossible_priority_is_an_error_number(void) {
  int32_t outcome = 1000;
  int32_t refused = pcmio_thread_promote(outcome);
  CHECK(refused > 0);
  pcmio_thread_promote_callback(&outcome);
  CHECK_EQUAL(outcome, -refused);
}

static void the_header_and_the_library_agree(void) { CHECK_EQUAL(pcmio_abi(), PCMIO_ABI); }

int main(void) {
  RUN(the_clock_never_steps_back);
  RUN(sleep_lasts_at_least_as_long_as_asked);
  RUN(there_is_no_sleep_until_the_past);
  RUN(a_thread_runs_once_and_takes_no_signals);
  RUN(an_impossible_priority_is_an_error_number);
  RUN(the_header_and_the_library_agree);
  return 0;
}
