/* standstills: a thread of the highest priority sleeps on each processor again and again; each time that one is late, a
 * line tells until when (CLOCK_MONOTONIC) and by how much, in nanoseconds. What keeps those off a processor is no
 * program, but the machine itself, or the one that it is simulated on. Ends with standard input. */
#define _GNU_SOURCE /* threads that stay on their processor */
#include "../bench/native/bench.h"

#define NAP_NANOS 500000
#define LATE_NANOS 1000000u
#define MOST_PROCESSORS 64

static _Atomic bool ended;

static void guard_on(long processor) {
  struct sched_param highest = {.sched_priority = sched_get_priority_max(SCHED_FIFO)};
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET((size_t)processor, &only);
  if (pthread_setaffinity_np(pthread_self(), sizeof only, &only) != 0) {
    bench_fail("standstills: no processor of its own");
  }
  if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &highest) != 0) {
    bench_fail("standstills: no real-time priority");
  }
}

static void *guard(void *processor) {
  struct timespec nap = {.tv_nsec = NAP_NANOS};
  guard_on((long)(intptr_t)processor);
  while (!atomic_load(&ended)) {
    uint64_t due = bench_nanos() + NAP_NANOS;
    nanosleep(&nap, NULL);
    uint64_t now = bench_nanos();
    if (now > due + LATE_NANOS) {
      printf("%llu %llu\n", (unsigned long long)now, (unsigned long long)(now - due));
      fflush(stdout);
    }
  }
  return NULL;
}

int main(void) {
  static pthread_t threads[MOST_PROCESSORS];
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  count = count < MOST_PROCESSORS ? count : MOST_PROCESSORS;
  for (long processor = 0; processor < count; processor++) {
    if (pthread_create(&threads[processor], NULL, guard, (void *)(intptr_t)processor) != 0) {
      bench_fail("standstills: no thread");
    }
  }
  while (!bench_ended(-1)) {
  }
  atomic_store(&ended, true);
  for (long processor = 0; processor < count; processor++) {
    pthread_join(threads[processor], NULL);
  }
  return 0;
}
