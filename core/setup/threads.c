/* Time, sleep and priority, by the means of each system. */
#define _GNU_SOURCE
#include "pcmio.h"

uint32_t pcmio_abi(void) { return PCMIO_ABI; }

#if defined(_WIN32)

#include <windows.h>

uint64_t pcmio_clock_nanos(void) {
  LARGE_INTEGER ticks;
  LARGE_INTEGER rate;
  QueryPerformanceCounter(&ticks);
  QueryPerformanceFrequency(&rate);
  uint64_t whole = (uint64_t)(ticks.QuadPart / rate.QuadPart);
  uint64_t rest = (uint64_t)(ticks.QuadPart % rate.QuadPart);
  return whole * 1000000000u + rest * 1000000000u / (uint64_t)rate.QuadPart;
}

void pcmio_sleep_nanos(int64_t nanos) { Sleep((DWORD)((nanos + 999999) / 1000000)); }

int32_t pcmio_thread_promote(int32_t priority) {
  (void)priority;
  return SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_TIME_CRITICAL) ? 0 : (int32_t)GetLastError();
}

#else

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>

uint64_t pcmio_clock_nanos(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void pcmio_sleep_nanos(int64_t nanos) {
  struct timespec left = {.tv_sec = nanos / 1000000000, .tv_nsec = nanos % 1000000000};
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

#endif

void pcmio_thread_promote_callback(void *outcome) {
  int32_t *result = outcome;
  *result = -pcmio_thread_promote(*result);
}
