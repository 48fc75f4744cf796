/* The bare C client's own measurement: opened, first callback, then what a window costs. */
#ifndef FLOOR_H
#define FLOOR_H

#include "bench.h"

#define FLOOR_STREAMS 64u

typedef struct {
  uint32_t streams;
  double warm_seconds;
  double window_seconds;
  uint32_t busy; /* threads that do nothing else */
} floor_job;

typedef struct {
  const float *table;
  uint32_t at[FLOOR_STREAMS];
  uint64_t opened_nanos; /* before the connection */
  uint64_t built_nanos;  /* before the streams */
  _Atomic uint64_t first_nanos;
  _Atomic uint64_t callbacks;
  _Atomic uint64_t frames;
} floor_state;

static inline floor_job floor_arguments(char **arguments) {
  floor_job job = {.streams = (uint32_t)atoi(arguments[0]),
                   .warm_seconds = atof(arguments[1]),
                   .window_seconds = atof(arguments[2]),
                   .busy = (uint32_t)atoi(arguments[3])};
  if (job.streams < 1 || job.streams > FLOOR_STREAMS) {
    bench_fail("a floor has 1 to 64 streams");
  }
  return job;
}

/* The next `frames` frames of a stream, interleaved. */
static inline const float *floor_take(floor_state *state, uint32_t stream, uint32_t frames) {
  uint32_t at = state->at[stream];
  state->at[stream] = (at + frames) % BENCH_FRAMES;
  atomic_fetch_add_explicit(&state->callbacks, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&state->frames, frames, memory_order_relaxed);
  return state->table + (size_t)at * BENCH_CHANNELS;
}

static inline void floor_begun(floor_state *state) {
  if (atomic_load_explicit(&state->first_nanos, memory_order_relaxed) == 0) {
    atomic_store_explicit(&state->first_nanos, bench_nanos(), memory_order_relaxed);
  }
}

static inline void *floor_spin(void *unused) {
  (void)unused;
  for (volatile uint64_t turns = 0;; turns++) {
  }
  return NULL;
}

static inline void floor_sleep(double seconds) { usleep((useconds_t)(seconds * 1e6)); }

/* Called with all streams running. */
static inline void floor_measure(floor_state *state, const floor_job *job) {
  for (uint32_t index = 0; index < job->busy; index++) {
    pthread_t thread;
    pthread_create(&thread, NULL, floor_spin, NULL);
  }
  floor_sleep(job->warm_seconds);
  uint64_t begin = bench_nanos();
  double cpu = bench_cpu_seconds();
  uint64_t switches = bench_switches();
  uint64_t callbacks = atomic_load(&state->callbacks);
  uint64_t frames = atomic_load(&state->frames);
  floor_sleep(job->window_seconds);
  cpu = bench_cpu_seconds() - cpu;
  switches = bench_switches() - switches;
  callbacks = atomic_load(&state->callbacks) - callbacks;
  frames = atomic_load(&state->frames) - frames;
  uint64_t end = bench_nanos();
  printf("{\"opened_nanos\": %llu, \"built_nanos\": %llu, \"first_nanos\": %llu, \"begin_nanos\": %llu, "
         "\"end_nanos\": %llu, \"cpu_seconds\": %.6f, \"callbacks\": %llu, \"frames\": %llu, \"switches\": %llu}\n",
         (unsigned long long)state->opened_nanos, (unsigned long long)state->built_nanos,
         (unsigned long long)atomic_load(&state->first_nanos), (unsigned long long)begin, (unsigned long long)end, cpu,
         (unsigned long long)callbacks, (unsigned long long)frames, (unsigned long long)switches);
  fflush(stdout);
}

#endif
