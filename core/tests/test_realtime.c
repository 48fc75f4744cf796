/* Priority for other threads, and the guard over threads that compute for too long. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "pcmio.h"
#include "threads.h"

static void note_number(void *argument) { *(uint64_t *)argument = pcmio_thread_number(); }

static void each_thread_has_its_number(void) {
  uint64_t other = 0;
  pcmio_thread_join(pcmio_thread_start(note_number, &other));
  CHECK(pcmio_thread_number() != 0);
  CHECK(other != 0 && other != pcmio_thread_number());
  CHECK_EQUAL(pcmio_thread_number(), pcmio_thread_number());
}

static void an_impossible_priority_is_an_error_number(void) {
  CHECK(pcmio_thread_promote_other(pcmio_thread_number(), 1000) > 0);
}

#if defined(__linux__)

static void a_guarded_thread_outlives_the_signal(void) {
  uint64_t own = pcmio_thread_number();
  CHECK_EQUAL(pcmio_guard_tripped(own), 0);
  CHECK_EQUAL(pcmio_guard_add(own), 0);
  CHECK_EQUAL(pcmio_guard_add(own), 0); /* in the same place */
  CHECK_EQUAL(pcmio_guard_tripped(own), 0);
  raise(SIGXCPU);
  CHECK_EQUAL(pcmio_guard_tripped(own), 1);
  CHECK_EQUAL(pcmio_guard_add(own), 0);
  CHECK_EQUAL(pcmio_guard_tripped(own), 0);
  pcmio_guard_remove(own);
  CHECK_EQUAL(pcmio_guard_tripped(own), 0);
  pcmio_guard_remove(own);
}

static void end_by_signal(bool guarded_before, bool of_the_parent) {
  uint64_t parents = pcmio_thread_number();
  if (of_the_parent) {
    CHECK_EQUAL(pcmio_guard_add(parents), 0);
  }
  pid_t child = fork();
  if (child == 0) {
    if (guarded_before) {
      pcmio_guard_add(pcmio_thread_number());
      raise(SIGXCPU);
    }
    raise(SIGXCPU);
    _exit(0);
  }
  int status = 0;
  CHECK_EQUAL(waitpid(child, &status, 0), child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU);
  CHECK_EQUAL(pcmio_guard_tripped(parents), 0);
  pcmio_guard_remove(parents);
}

static void a_signal_that_the_guard_cannot_help_ends_the_program(void) {
  end_by_signal(false, false);
  end_by_signal(true, false); /* it is an ordinary thread already: this is the processor time of the program */
  end_by_signal(false, true); /* a child has no business with its parent's threads */
}

static void on_signal(int signal_number) { (void)signal_number; }

static void a_program_that_handles_the_signal_goes_on_doing_so(void) {
  struct sigaction before;
  struct sigaction theirs = {.sa_handler = on_signal};
  struct sigaction after;
  CHECK_EQUAL(sigaction(SIGXCPU, &theirs, &before), 0);
  CHECK_EQUAL(pcmio_guard_add(pcmio_thread_number()), -1);
  CHECK_EQUAL(sigaction(SIGXCPU, NULL, &after), 0);
  CHECK(after.sa_handler == on_signal);
  pcmio_guard_remove(pcmio_thread_number());
  CHECK_EQUAL(sigaction(SIGXCPU, &before, NULL), 0);
}

static void there_are_places_for_more_threads_than_anybody_gets(void) {
  for (uint64_t number = 1000000001; number <= 1000000064; number++) { /* beyond the kernel's */
    CHECK_EQUAL(pcmio_guard_add(number), 0);
  }
  CHECK_EQUAL(pcmio_guard_add(1000000065), -1);
  for (uint64_t number = 1000000001; number <= 1000000064; number++) {
    pcmio_guard_remove(number);
  }
  CHECK_EQUAL(pcmio_guard_add(1000000065), 0);
  pcmio_guard_remove(1000000065);
}

#endif

int main(void) {
  RUN(each_thread_has_its_number);
  RUN(an_impossible_priority_is_an_error_number);
#if defined(__linux__)
  RUN(a_guarded_thread_outlives_the_signal);
  RUN(a_signal_that_the_guard_cannot_help_ends_the_program);
  RUN(a_program_that_handles_the_signal_goes_on_doing_so);
  RUN(there_are_places_for_more_threads_than_anybody_gets);
#endif
  return 0;
}
