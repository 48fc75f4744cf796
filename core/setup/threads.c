/* Threads, time, sleep and priority, by the means of each system. */
#define _GNU_SOURCE
#include "threads.h"

#include <stdlib.h>

#include "pcmio.h"

#define NANOS 1000000000u
#define PATIENT_NICE (-15)

uint32_t pcmio_abi(void) { return PCMIO_ABI; }

#if defined(_WIN32)

#include <windows.h>

struct pcmio_thread {
  HANDLE handle;
  void (*body)(void *);
  void *argument;
};

uint64_t pcmio_clock_nanos(void) {
  LARGE_INTEGER ticks;
  LARGE_INTEGER rate;
  QueryPerformanceCounter(&ticks);
  QueryPerformanceFrequency(&rate);
  uint64_t whole = (uint64_t)(ticks.QuadPart / rate.QuadPart);
  uint64_t rest = (uint64_t)(ticks.QuadPart % rate.QuadPart);
  return whole * NANOS + rest * NANOS / (uint64_t)rate.QuadPart;
}

void pcmio_sleep_nanos(int64_t nanos) {
#if !defined(CREATE_WAITABLE_TIMER_HIGH_RESOLUTION)
#define CREATE_WAITABLE_TIMER_HIGH_RESOLUTION 2 /* newer than some headers; Windows 10 1803 */
#endif
  if (nanos <= 0) {
    return;
  }
  LARGE_INTEGER due = {.QuadPart = -((nanos + 99) / 100)}; /* negative: from now, in units of 100 ns */
  HANDLE timer = CreateWaitableTimerExW(NULL, NULL, CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, TIMER_ALL_ACCESS);
  if (timer != NULL && SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE)) {
    WaitForSingleObject(timer, INFINITE);
  } else { /* an older system, whose sleep is as coarse as its clock's tick */
    int64_t millis = (nanos + 999999) / 1000000;
    Sleep(millis < MAXLONG ? (DWORD)millis : MAXLONG);
  }
  if (timer != NULL) {
    CloseHandle(timer);
  }
}

int32_t pcmio_thread_promote(int32_t priority) {
  (void)priority;
  return SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_TIME_CRITICAL) ? 0 : (int32_t)GetLastError();
}

static DWORD WINAPI enter(void *argument) {
  pcmio_thread *thread = argument;
  thread->body(thread->argument);
  return 0;
}

static bool launch(pcmio_thread *thread) {
  thread->handle = CreateThread(NULL, 0, enter, thread, 0, NULL);
  return thread->handle != NULL;
}

static void wait_for_end(pcmio_thread *thread) {
  WaitForSingleObject(thread->handle, INFINITE);
  CloseHandle(thread->handle);
}

static void wait_for_nobody(pcmio_thread *thread) { CloseHandle(thread->handle); }

#else

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#if defined(__linux__)
#include <sys/prctl.h>
#include <sys/resource.h>
#endif

struct pcmio_thread {
  pthread_t handle;
  void (*body)(void *);
  void *argument;
};

uint64_t pcmio_clock_nanos(void) {
#if defined(__APPLE__)
  return clock_gettime_nsec_np(CLOCK_UPTIME_RAW); /* the clock that CoreAudio's host times are of */
#else
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * NANOS + (uint64_t)now.tv_nsec;
#endif
}

void pcmio_sleep_nanos(int64_t nanos) {
  struct timespec left = {.tv_sec = (time_t)(nanos / NANOS), .tv_nsec = (long)(nanos % NANOS)};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

int32_t pcmio_thread_promote(int32_t priority) {
  int policy = SCHED_FIFO;
#if defined(SCHED_RESET_ON_FORK)
  policy |= SCHED_RESET_ON_FORK; /* rtkit insists on it, and no child should inherit the priority */
#endif
  struct sched_param wanted = {.sched_priority = priority};
  return (int32_t)pthread_setschedparam(pthread_self(), policy, &wanted);
}

static void *enter(void *argument) {
  pcmio_thread *thread = argument;
  thread->body(thread->argument);
  return NULL;
}

static bool launch(pcmio_thread *thread) {
  /* Signals are the interpreter's: its handlers belong on threads that it knows. */
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = pthread_create(&thread->handle, NULL, enter, thread);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return failed == 0;
}

static void wait_for_end(pcmio_thread *thread) { pthread_join(thread->handle, NULL); }

static void wait_for_nobody(pcmio_thread *thread) { pthread_detach(thread->handle); }

#endif

#if defined(__linux__)

void pcmio_thread_nice(int32_t niceness) { setpriority(PRIO_PROCESS, 0, niceness); /* Linux: of this thread */ }

void pcmio_thread_patience(uint64_t slack_nanos, int32_t priority) {
  if (slack_nanos == 0) {
    prctl(PR_SET_TIMERSLACK, 0UL, 0, 0, 0); /* the default */
    if (priority != 0) {
      pcmio_thread_promote(priority);
    }
    return;
  }
  if (priority != 0) {
    struct sched_param ordinary = {.sched_priority = 0};
    pthread_setschedparam(pthread_self(), SCHED_OTHER | SCHED_RESET_ON_FORK, &ordinary);
    pcmio_thread_nice(PATIENT_NICE);
  }
  prctl(PR_SET_TIMERSLACK, (unsigned long)slack_nanos, 0, 0, 0);
}

#else

void pcmio_thread_nice(int32_t niceness) { (void)niceness; }

void pcmio_thread_patience(uint64_t slack_nanos, int32_t priority) {
  (void)slack_nanos;
  (void)priority;
}

#endif

void pcmio_sleep_until(uint64_t nanos) {
#if defined(__linux__)
  struct timespec due = {.tv_sec = (time_t)(nanos / NANOS), .tv_nsec = (long)(nanos % NANOS)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR) {
  }
#else
  uint64_t now = pcmio_clock_nanos();
  if (nanos > now) {
    pcmio_sleep_nanos((int64_t)(nanos - now));
  }
#endif
}

pcmio_thread *pcmio_thread_start(void (*body)(void *), void *argument) {
  pcmio_thread *thread = calloc(1, sizeof *thread);
  if (thread == NULL) {
    return NULL;
  }
  thread->body = body;
  thread->argument = argument;
  if (!launch(thread)) {
    free(thread);
    return NULL;
  }
  return thread;
}

void pcmio_thread_join(pcmio_thread *thread) {
  wait_for_end(thread);
  free(thread);
}

void pcmio_thread_promote_callback(void *outcome) {
  int32_t *result = outcome;
  *result = -pcmio_thread_promote(*result);
}

void pcmio_thread_leave(pcmio_thread *thread) {
  wait_for_nobody(thread);
  free(thread);
}
