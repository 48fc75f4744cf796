/* How an audio thread wakes a Python thread: a flag, and the system's cheapest way to sleep on it.
 *
 * States: 0 nothing, 1 posted, -1 somebody sleeps.  A post to nobody asleep costs one atomic exchange. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdlib.h>

#include "pcmio.h"

#if defined(__linux__)

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(SYS_futex)
typedef long futex_time; /* as this call has it, whatever time_t is */
#else                    /* the younger of the 32-bit systems */
#define SYS_futex SYS_futex_time64
typedef int64_t futex_time;
#endif

#define SLICE_NANOS 3600000000000 /* of one sleep: fits every futex_time */

struct pcmio_wakeup {
  _Atomic int32_t state;
};

static bool wakeup_open(pcmio_wakeup *wakeup) {
  atomic_init(&wakeup->state, 0);
  return true;
}

static void wakeup_close(pcmio_wakeup *wakeup) { (void)wakeup; }

void pcmio_wakeup_post(void *argument) {
  pcmio_wakeup *wakeup = argument;
  if (atomic_exchange(&wakeup->state, 1) == -1) {
    syscall(SYS_futex, &wakeup->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
  }
}

static bool taken(pcmio_wakeup *wakeup) {
  int32_t posted = 1;
  return atomic_compare_exchange_strong(&wakeup->state, &posted, 0);
}

int32_t pcmio_wakeup_wait(pcmio_wakeup *wakeup, int64_t timeout_nanos) {
  uint64_t end = pcmio_clock_nanos() + (uint64_t)(timeout_nanos < 0 ? 0 : timeout_nanos);
  for (;;) {
    int32_t none = 0;
    if (taken(wakeup)) {
      return 1;
    }
    if (!atomic_compare_exchange_strong(&wakeup->state, &none, -1) && none == 1) {
      continue;
    }
    struct {
      futex_time seconds;
      futex_time nanos;
    } left;
    if (timeout_nanos >= 0) {
      int64_t rest = (int64_t)(end - pcmio_clock_nanos());
      if (rest <= 0) {
        int32_t asleep = -1;
        return atomic_compare_exchange_strong(&wakeup->state, &asleep, 0) ? 0 : (int32_t)taken(wakeup);
      }
      rest = rest < SLICE_NANOS ? rest : SLICE_NANOS;
      left.seconds = (futex_time)(rest / 1000000000);
      left.nanos = (futex_time)(rest % 1000000000);
    }
    syscall(SYS_futex, &wakeup->state, FUTEX_WAIT_PRIVATE, -1, timeout_nanos < 0 ? NULL : &left, NULL, 0);
  }
}

#elif defined(__APPLE__)

#include <dispatch/dispatch.h>

struct pcmio_wakeup {
  _Atomic int32_t state;
  dispatch_semaphore_t semaphore;
};

static bool wakeup_open(pcmio_wakeup *wakeup) {
  atomic_init(&wakeup->state, 0);
  wakeup->semaphore = dispatch_semaphore_create(0);
  return wakeup->semaphore != NULL;
}

static void wakeup_close(pcmio_wakeup *wakeup) { dispatch_release(wakeup->semaphore); }

void pcmio_wakeup_post(void *argument) {
  pcmio_wakeup *wakeup = argument;
  if (atomic_exchange(&wakeup->state, 1) != 1) {
    dispatch_semaphore_signal(wakeup->semaphore);
  }
}

int32_t pcmio_wakeup_wait(pcmio_wakeup *wakeup, int64_t timeout_nanos) {
  dispatch_time_t end = timeout_nanos < 0 ? DISPATCH_TIME_FOREVER : dispatch_time(DISPATCH_TIME_NOW, timeout_nanos);
  if (dispatch_semaphore_wait(wakeup->semaphore, end) != 0) {
    return 0;
  }
  atomic_exchange(&wakeup->state, 0); /* also sees what a post that found 1 came to tell */
  return 1;
}

#elif defined(_WIN32)

#include <windows.h>

struct pcmio_wakeup {
  HANDLE event; /* resets itself when a wait ends */
};

static bool wakeup_open(pcmio_wakeup *wakeup) {
  wakeup->event = CreateEventW(NULL, FALSE, FALSE, NULL);
  return wakeup->event != NULL;
}

static void wakeup_close(pcmio_wakeup *wakeup) { CloseHandle(wakeup->event); }

void pcmio_wakeup_post(void *argument) { SetEvent(((pcmio_wakeup *)argument)->event); }

int32_t pcmio_wakeup_wait(pcmio_wakeup *wakeup, int64_t timeout_nanos) {
  /* Rounded up, so that a short wait is not a poll. */
  int64_t rounded = timeout_nanos / 1000000 + (timeout_nanos % 1000000 != 0);
  DWORD millis = timeout_nanos < 0 ? INFINITE : rounded < MAXLONG ? (DWORD)rounded : MAXLONG;
  return WaitForSingleObject(wakeup->event, millis) == WAIT_OBJECT_0 ? 1 : 0;
}

#else /* the other Unixes */

#include <errno.h>
#include <semaphore.h>
#include <time.h>

struct pcmio_wakeup {
  _Atomic int32_t state;
  sem_t semaphore;
};

static bool wakeup_open(pcmio_wakeup *wakeup) {
  atomic_init(&wakeup->state, 0);
  return sem_init(&wakeup->semaphore, 0, 0) == 0;
}

static void wakeup_close(pcmio_wakeup *wakeup) { sem_destroy(&wakeup->semaphore); }

void pcmio_wakeup_post(void *argument) {
  pcmio_wakeup *wakeup = argument;
  if (atomic_exchange(&wakeup->state, 1) != 1) {
    sem_post(&wakeup->semaphore);
  }
}

int32_t pcmio_wakeup_wait(pcmio_wakeup *wakeup, int64_t timeout_nanos) {
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end); /* the only clock that sem_timedwait knows */
  if (timeout_nanos >= 0) {
    end.tv_sec += timeout_nanos / 1000000000;
    end.tv_nsec += timeout_nanos % 1000000000;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
  }
  for (;;) {
    int failed = timeout_nanos < 0 ? sem_wait(&wakeup->semaphore) : sem_timedwait(&wakeup->semaphore, &end);
    if (failed == 0) {
      atomic_exchange(&wakeup->state, 0); /* also sees what a post that found 1 came to tell */
      return 1;
    }
    if (errno != EINTR) {
      return 0;
    }
  }
}

#endif

pcmio_wakeup *pcmio_wakeup_new(void) {
  pcmio_wakeup *wakeup = calloc(1, sizeof *wakeup);
  if (wakeup != NULL && !wakeup_open(wakeup)) {
    free(wakeup);
    return NULL;
  }
  return wakeup;
}

void pcmio_wakeup_free(pcmio_wakeup *wakeup) {
  if (wakeup != NULL) {
    wakeup_close(wakeup);
    free(wakeup);
  }
}
