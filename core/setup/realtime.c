/* Real-time scheduling for threads by their numbers, and the guard over those that have it from rtkit.
 *
 * rtkit gives it only to processes whose RLIMIT_RTTIME is short.  A real-time thread that computes for so long without
 * a pause is sent SIGXCPU, which ends the whole program, and at the hard limit SIGKILL.  The guard takes SIGXCPU and
 * makes the thread an ordinary one again: the sound may stutter, the program lives. */
#define _GNU_SOURCE
#include "pcmio.h"

#if defined(__linux__)

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GUARDED 64 /* more than rtkit gives to one user (25) */
#define TRIPPED (UINT64_C(1) << 63)

/* Thread numbers; 0: free. */
static _Atomic uint64_t guarded[GUARDED];
static _Atomic int64_t guard_process; /* a forked child has none of these threads */

uint64_t pcmio_thread_number(void) { return (uint64_t)syscall(SYS_gettid); }

int32_t pcmio_thread_promote_other(uint64_t number, int32_t priority) {
  struct sched_param wanted = {.sched_priority = priority};
  return sched_setscheduler((pid_t)number, SCHED_FIFO | SCHED_RESET_ON_FORK, &wanted) == 0 ? 0 : errno;
}

static bool demote(_Atomic uint64_t *place) {
  struct sched_param ordinary = {.sched_priority = 0};
  uint64_t number = atomic_load(place);
  if (number == 0 || (number & TRIPPED) != 0) {
    return false;
  }
  /* The flag is kept: without privileges nobody can take it away. */
  bool done = sched_setscheduler((pid_t)number, SCHED_OTHER | SCHED_RESET_ON_FORK, &ordinary) == 0;
  return atomic_compare_exchange_strong(place, &number, number | TRIPPED) && done;
}

static _Atomic uint64_t *find(uint64_t number) {
  for (uint32_t i = 0; i < GUARDED; i++) {
    if ((atomic_load(&guarded[i]) & ~TRIPPED) == number) {
      return &guarded[i];
    }
  }
  return NULL;
}

/* Linux sends the signal to the thread that has used up its time, unless that blocks it, as audio threads do. */
static void on_time_used_up(int signal_number) {
  int before = errno;
  bool demoted = false;
  if (atomic_load(&guard_process) == getpid()) {
    _Atomic uint64_t *own = find(pcmio_thread_number());
    demoted = own != NULL && demote(own);
    for (uint32_t i = 0; own == NULL && i < GUARDED; i++) {
      demoted |= demote(&guarded[i]);
    }
  }
  if (!demoted) { /* RLIMIT_CPU, or threads of others: what would have happened without us */
    struct sigaction usual = {.sa_handler = SIG_DFL};
    sigaction(signal_number, &usual, NULL);
    raise(signal_number);
  }
  errno = before;
}

/* Whether the signal is ours; a program that handles it knows better. */
static bool take_signal(void) {
  struct sigaction now;
  struct sigaction ours = {.sa_handler = on_time_used_up, .sa_flags = SA_RESTART};
  if (sigaction(SIGXCPU, NULL, &now) != 0 || (now.sa_flags & SA_SIGINFO) != 0) {
    return false;
  }
  return now.sa_handler == on_time_used_up || (now.sa_handler == SIG_DFL && sigaction(SIGXCPU, &ours, NULL) == 0);
}

static bool take_place(uint64_t number) {
  for (uint32_t i = 0; i < GUARDED; i++) {
    uint64_t nobody = 0;
    if (atomic_compare_exchange_strong(&guarded[i], &nobody, number)) {
      return true;
    }
  }
  return false;
}

int32_t pcmio_guard_add(uint64_t number) {
  int64_t process = getpid();
  if (atomic_exchange(&guard_process, process) != process) {
    for (uint32_t i = 0; i < GUARDED; i++) {
      atomic_store(&guarded[i], 0);
    }
  }
  _Atomic uint64_t *place = find(number);
  if (place != NULL) {
    atomic_store(place, number); /* not tripped any more */
  }
  return (place != NULL || take_place(number)) && take_signal() ? 0 : -1;
}

void pcmio_guard_remove(uint64_t number) {
  _Atomic uint64_t *place = find(number);
  if (place != NULL) {
    atomic_store(place, 0);
  }
}

int32_t pcmio_guard_tripped(uint64_t number) {
  const _Atomic uint64_t *place = find(number);
  return place != NULL && (atomic_load(place) & TRIPPED) != 0;
}

#else

#if defined(_WIN32)

#include <windows.h>

uint64_t pcmio_thread_number(void) { return GetCurrentThreadId(); }

int32_t pcmio_thread_promote_other(uint64_t number, int32_t priority) {
  (void)priority;
  HANDLE thread = OpenThread(THREAD_SET_INFORMATION, FALSE, (DWORD)number);
  DWORD failed = thread != NULL && SetThreadPriority(thread, THREAD_PRIORITY_TIME_CRITICAL) ? 0 : GetLastError();
  if (thread != NULL) {
    CloseHandle(thread);
  }
  return (int32_t)failed;
}

#else

#include <pthread.h>
#include <sched.h>

/* A pthread_t is a pointer or a number. */
uint64_t pcmio_thread_number(void) { return (uint64_t)(uintptr_t)pthread_self(); }

int32_t pcmio_thread_promote_other(uint64_t number, int32_t priority) {
  struct sched_param wanted = {.sched_priority = priority};
  return (int32_t)pthread_setschedparam((pthread_t)(uintptr_t)number, SCHED_FIFO, &wanted);
}

#endif

int32_t pcmio_guard_add(uint64_t number) {
  (void)number;
  return -1;
}

void pcmio_guard_remove(uint64_t number) { (void)number; }

int32_t pcmio_guard_tripped(uint64_t number) {
  (void)number;
  return 0;
}

#endif
