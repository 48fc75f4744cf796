/* What the natives share: the known signal, clocks, priority, and a life that ends with standard input.
 *
 * The signal is a counter: frame n of BENCH_FRAMES has (n + 1) / 2^23 on the left and its negative on the right. Each
 * value is exact in float32, none is silence, and each tells which one follows. bench/known_signal.py says the same in
 * Python. */
#ifndef BENCH_H
#define BENCH_H

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define BENCH_RATE 48000u
#define BENCH_FRAMES 1920000u /* 40 s, then the counter begins again */
#define BENCH_CHANNELS 2u
#define BENCH_PRIORITY 10

static inline float bench_left(uint32_t frame) { return (float)(frame + 1u) * 0x1p-23f; }

static inline uint64_t bench_nanos(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Seconds on a processor, of all threads. */
static inline double bench_cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec * 1e-6 + (double)usage.ru_stime.tv_sec +
         (double)usage.ru_stime.tv_usec * 1e-6;
}

/* Times that a thread gave its processor up. */
static inline uint64_t bench_switches(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (uint64_t)usage.ru_nvcsw;
}

static inline bool bench_promote(void) {
  struct sched_param wanted = {.sched_priority = BENCH_PRIORITY};
  return pthread_setschedparam(pthread_self(), SCHED_FIFO, &wanted) == 0;
}

/* Sleeps; true when whoever started this program wants it to end. */
static inline bool bench_ended(int millis) {
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  if (poll(&input, 1, millis) <= 0) {
    return false;
  }
  char bytes[64];
  return read(STDIN_FILENO, bytes, sizeof bytes) <= 0;
}

static inline void bench_fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

/* The signal, interleaved, and one part of it more than once so that a block never wraps. */
static inline float *bench_table(uint32_t longest_block) {
  size_t frames = (size_t)BENCH_FRAMES + longest_block;
  float *table = malloc(frames * BENCH_CHANNELS * sizeof *table);
  if (table == NULL) {
    bench_fail("no memory for the signal");
  }
  for (size_t frame = 0; frame < frames; frame++) {
    float left = bench_left((uint32_t)(frame % BENCH_FRAMES));
    table[frame * 2] = left;
    table[frame * 2 + 1] = -left;
  }
  return table;
}

#endif
