/* watch [realtime]: an ordinary thread that sleeps a millisecond again and again, and tells at the end when it was
 * late, and how much. Whatever keeps it off the processor keeps any thread without real-time priority off it, whoever's
 * library made it.
 *
 * With "realtime" a thread of the highest priority does the same on each processor, and how late the latest was is told
 * too: what keeps those off is no program, but the machine itself, or the one that it is simulated on. */
#define _GNU_SOURCE /* threads that stay on their processor */
#include "bench.h"

#define LATE_NANOS 1000000u
#define MOST_LATE 20000u
#define NAP_NANOS 500000
#define MOST_PROCESSORS 64

static _Atomic bool ended;
static _Atomic bool denied;
static _Atomic uint64_t latest[MOST_PROCESSORS];

/* How much longer than asked for a nap took. */
static uint64_t nap(long nanos) {
  struct timespec length = {.tv_nsec = nanos};
  uint64_t before = bench_nanos();
  nanosleep(&length, NULL);
  return bench_nanos() - before - (uint64_t)nanos;
}

static void *guard(void *argument) {
  long processor = (long)(intptr_t)argument;
  struct sched_param highest = {.sched_priority = sched_get_priority_max(SCHED_FIFO)};
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET((size_t)processor, &only);
  if (pthread_setaffinity_np(pthread_self(), sizeof only, &only) != 0 ||
      pthread_setschedparam(pthread_self(), SCHED_FIFO, &highest) != 0) {
    atomic_store(&denied, true);
    return NULL;
  }
  while (!atomic_load(&ended)) {
    uint64_t late = nap(NAP_NANOS);
    if (late > atomic_load(&latest[processor])) {
      atomic_store(&latest[processor], late);
    }
  }
  return NULL;
}

static long start_guards(pthread_t *threads) {
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  count = count < MOST_PROCESSORS ? count : MOST_PROCESSORS;
  for (long processor = 0; processor < count; processor++) {
    if (pthread_create(&threads[processor], NULL, guard, (void *)(intptr_t)processor) != 0) {
      bench_fail("watch: no thread");
    }
  }
  return count;
}

/* The latest of all; -1: they may not have their priority. */
static int64_t join_guards(const pthread_t *threads, long count) {
  uint64_t most = 0;
  atomic_store(&ended, true);
  for (long processor = 0; processor < count; processor++) {
    pthread_join(threads[processor], NULL);
    most = latest[processor] > most ? latest[processor] : most;
  }
  return atomic_load(&denied) ? -1 : (int64_t)most;
}

int main(int count, char **arguments) {
  static uint64_t late[MOST_LATE][2]; /* when, and how much */
  static pthread_t threads[MOST_PROCESSORS];
  uint32_t lates = 0;
  uint64_t sleeps = 0;
  bool guarded = count > 1 && strcmp(arguments[1], "realtime") == 0;
  long guards = guarded ? start_guards(threads) : 0;
  puts("ready");
  fflush(stdout);
  while (!bench_ended(0)) {
    uint64_t over = nap(LATE_NANOS);
    if (over > LATE_NANOS && lates < MOST_LATE) {
      late[lates][0] = bench_nanos();
      late[lates++][1] = over;
    }
    sleeps++;
  }
  printf("{\"sleeps\": %llu, \"late\": [", (unsigned long long)sleeps);
  for (uint32_t index = 0; index < lates; index++) {
    printf("%s[%llu, %llu]", index == 0 ? "" : ", ", (unsigned long long)late[index][0],
           (unsigned long long)late[index][1]);
  }
  fputs("]", stdout);
  if (guarded) {
    printf(", \"realtime_late\": %lld", (long long)join_guards(threads, guards));
  }
  puts("}");
  return 0;
}
