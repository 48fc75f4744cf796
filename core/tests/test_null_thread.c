/* The device without hardware, cycled by its own thread. */
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "null_rig.h"

/* --- real time
 * ---------------------------------------------------------------------------------------------------- */

static void run(pcmio_null_device *device) {
  int32_t denied = -1;
  CHECK_EQUAL(pcmio_null_run(device, 0, &denied), 0);
  CHECK_EQUAL(denied, 0);
}

/* What the clock has moved, lost frames included; the output's ring stays empty. */
static uint64_t frames_passed(const rig *out) {
  return rig_stats(out).output_frames + rig_stats(out).output_xrun_frames;
}

static void check_real_time(const rig *out, uint64_t begin, uint64_t end) {
  uint64_t frames = frames_passed(out);
  /* The first cycle comes at once and each at its begin; half a second is what a device may be late. */
  CHECK(frames <= (end - begin) * RIG_RATE / SECOND + 2048);
  CHECK(frames + RIG_RATE / 2 + 2048 >= (end - begin) * RIG_RATE / SECOND);
}

static void its_thread_keeps_to_real_time_with_any_sizes(void) {
  static const uint32_t sizes[] = {64, 0, 1, 480, 0, 1024};
  pcmio_null_config config = loopback_config(1, PCMIO_I32);
  config.sizes_count = sizeof sizes / sizeof *sizes;
  memcpy(config.sizes, sizes, sizeof sizes);
  pcmio_null_device *device = open_device(&config);
  rig out;
  attach(device, &out, 1, 0, PCMIO_I32);
  uint64_t begin = pcmio_clock_nanos();
  run(device);
  CHECK_EQUAL(pcmio_null_run(device, 0, &(int32_t){0}), -1); /* it does already */
  do {
    pcmio_sleep_nanos(300 * MILLISECOND);
  } while (rig_stats(&out).largest_cycle < 1024);
  pcmio_null_halt(device);
  check_real_time(&out, begin, pcmio_clock_nanos());
  CHECK_EQUAL(rig_stats(&out).largest_cycle, 1024);
  uint64_t cycles = rig_stats(&out).cycles;
  pcmio_null_halt(device);
  pcmio_sleep_nanos(20 * MILLISECOND);
  CHECK_EQUAL(rig_stats(&out).cycles, cycles);
  run(device); /* once more */
  while (rig_stats(&out).cycles < cycles + 3) {
    sched_yield();
  }
  pcmio_null_halt(device);
  detach(device, &out);
  pcmio_null_free(device);
}

static void a_short_stall_is_caught_up(void) {
  pcmio_null_config config = loopback_config(1, PCMIO_I32);
  pcmio_null_device *device = open_device(&config);
  rig out;
  rig in;
  attach(device, &out, 1, 0, PCMIO_I32);
  attach(device, &in, 0, 1, PCMIO_I32);
  uint64_t begin = pcmio_clock_nanos();
  pcmio_null_stall(device, 100 * MILLISECOND);
  run(device);
  pcmio_sleep_nanos(50 * MILLISECOND);
  uint64_t cycles = rig_stats(&out).cycles;
  CHECK(cycles == 0 || pcmio_clock_nanos() - begin >= 100 * MILLISECOND); /* this thread may have slept for longer */
  pcmio_sleep_nanos(100 * MILLISECOND);
  pcmio_null_halt(device);
  check_real_time(&out, begin, pcmio_clock_nanos());
  detach(device, &out);
  detach(device, &in);
  pcmio_null_free(device);
}

static void what_is_very_late_is_passed_over_and_reported(void) {
  pcmio_null_config config = loopback_config(1, PCMIO_I32);
  pcmio_null_device *device = open_device(&config);
  rig out;
  attach(device, &out, 1, 0, PCMIO_I32);
  uint64_t begin = pcmio_clock_nanos();
  pcmio_null_stall(device, 800 * MILLISECOND);
  run(device);
  while (rig_stats(&out).cycles == 0) {
    pcmio_sleep_nanos(MILLISECOND);
  }
  pcmio_null_halt(device);
  uint64_t end = pcmio_clock_nanos();
  check_real_time(&out, begin, end);
  CHECK(frames_passed(&out) >= RIG_RATE * 8 / 10);
  /* Cycles for all that time there were not. */
  CHECK(rig_stats(&out).cycles * 32 < RIG_RATE / 2 + (end - begin - 800 * MILLISECOND) * RIG_RATE / SECOND);
  detach(device, &out);
  pcmio_null_free(device);
}

static void a_skip_takes_the_time_of_its_frames(void) {
  pcmio_null_config config = loopback_config(1, PCMIO_I32);
  pcmio_null_device *device = open_device(&config);
  rig out;
  attach(device, &out, 1, 0, PCMIO_I32);
  uint64_t begin = pcmio_clock_nanos();
  pcmio_null_skip(device, RIG_RATE / 10);
  run(device);
  while (rig_stats(&out).cycles == 0) {
    pcmio_sleep_nanos(MILLISECOND);
  }
  CHECK(pcmio_clock_nanos() - begin >= 100 * MILLISECOND);
  pcmio_null_halt(device);
  check_real_time(&out, begin, pcmio_clock_nanos());
  detach(device, &out);
  pcmio_null_free(device);
}

/* A cycle begins at its time or later, so the time from the first to a later one tells the least that it lasts. */
static void a_clock_may_run_at_another_speed(void) {
  pcmio_null_config config = loopback_config(1, PCMIO_I32);
  config.speed = 0.5;
  pcmio_null_device *device = open_device(&config);
  rig out;
  attach(device, &out, 1, 0, PCMIO_I32);
  uint64_t begin = pcmio_clock_nanos();
  run(device);
  while (frames_passed(&out) <= RIG_RATE / 10) {
    pcmio_sleep_nanos(MILLISECOND);
  }
  CHECK(pcmio_clock_nanos() - begin >= 199 * MILLISECOND);
  pcmio_null_halt(device);
  detach(device, &out);
  pcmio_null_free(device);
}

static void a_halt_waits_for_no_deadline(void) {
  pcmio_null_config config = loopback_config(1, PCMIO_I32);
  config.rate = 100;
  config.period_frames = 8000;
  pcmio_null_device *device = open_device(&config);
  uint64_t begin = pcmio_clock_nanos();
  run(device); /* whose second cycle is due in 80 seconds */
  pcmio_null_halt(device);
  pcmio_null_stall(device, 80 * SECOND);
  run(device);
  pcmio_null_halt(device);
  CHECK(pcmio_clock_nanos() - begin < 20 * SECOND);
  pcmio_null_free(device);
}

static void a_refused_priority_is_told_and_the_thread_runs(void) {
  pcmio_null_config config = loopback_config(1, PCMIO_I32);
  pcmio_null_device *device = open_device(&config);
  rig out;
  int32_t denied = -1;
  attach(device, &out, 1, 0, PCMIO_I32);
  CHECK_EQUAL(pcmio_null_run(device, 1000, &denied), 0); /* nobody has such a priority */
  CHECK(denied > 0);
  while (rig_stats(&out).cycles == 0) {
    sched_yield();
  }
  pcmio_null_halt(device);
  detach(device, &out);
  pcmio_null_free(device);
}

/* --- many threads
 * ------------------------------------------------------------------------------------------------------ */

static void *come_and_go(void *argument) {
  pcmio_null_device *device = argument;
  for (uint32_t i = 0; i < 300; i++) {
    rig out;
    rig in;
    attach(device, &out, 1 + i % 2, 0, PCMIO_I32);
    attach(device, &in, 0, 1, PCMIO_I32);
    pcmio_null_skip(device, 1);
    pcmio_null_tell(device, PCMIO_NOTE_MOVED, 0, 0);
    for (uint64_t cycles = rig_stats(&in).cycles; i % 16 == 0 && rig_stats(&in).cycles == cycles;) {
      sched_yield();
    }
    detach(device, &out); /* and its memory is gone: a sanitizer watches who touches it */
    detach(device, &in);
  }
  return NULL;
}

static void streams_come_and_go_while_it_runs(void) {
  pcmio_null_config config = loopback_config(2, PCMIO_I32);
  config.sizes_count = 2;
  config.sizes[0] = 0;
  config.sizes[1] = 1; /* as many cycles as can be had */
  pcmio_null_device *device = open_device(&config);
  pthread_t threads[2];
  run(device);
  for (uint32_t i = 0; i < 2; i++) {
    CHECK_EQUAL(pthread_create(&threads[i], NULL, come_and_go, device), 0);
  }
  for (uint32_t i = 0; i < 2; i++) {
    CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
  }
  pcmio_null_halt(device);
  pcmio_null_free(device);
}

int main(void) {
  RUN(its_thread_keeps_to_real_time_with_any_sizes);
  RUN(a_short_stall_is_caught_up);
  RUN(what_is_very_late_is_passed_over_and_reported);
  RUN(a_skip_takes_the_time_of_its_frames);
  RUN(a_clock_may_run_at_another_speed);
  RUN(a_halt_waits_for_no_deadline);
  RUN(a_refused_priority_is_told_and_the_thread_runs);
  RUN(streams_come_and_go_while_it_runs);
  return 0;
}
