/* Frames and their times: over breaks, holds, and what is thrown away; never read half. */
#include "timeline.h"

#include <pthread.h>

#include "check.h"
#include "clock.h"

#define RATE 48000u
#define SECOND 1000000000u
#define CYCLE 480u            /* frames: */
#define CYCLE_NANOS 10000000u /* 10 ms */
#define START 5000000000u
#define NOTHING 7u
#define WRITES 300000u

static pcmio_timeline fresh(void) { return (pcmio_timeline){.step_nanos = CYCLE_NANOS}; }

static uint64_t when(const pcmio_timeline *line, uint64_t frame, uint64_t taken) {
  uint64_t nanos = NOTHING;
  bool known = pcmio_timeline_time(line, frame, taken, RATE, &nanos);
  CHECK(known || nanos == NOTHING);
  return known ? nanos : 0;
}

static int64_t which(const pcmio_timeline *line, uint64_t nanos, uint64_t taken) {
  uint64_t frame = NOTHING;
  bool known = pcmio_timeline_frame(line, nanos, taken, RATE, &frame);
  CHECK(known || frame == NOTHING);
  return known ? (int64_t)frame : -1;
}

/* `cycles` cycles in one run; the frame and the time that follow. */
static void run(pcmio_timeline *line, uint32_t cycles, uint64_t *frame, uint64_t *nanos) {
  for (uint32_t i = 0; i < cycles; i++) {
    pcmio_timeline_note(line, *frame, RATE, *nanos);
    *frame += CYCLE;
    *nanos += CYCLE_NANOS;
  }
}

static void nothing_is_known_before_the_first_cycle(void) {
  pcmio_timeline line = fresh();
  CHECK_EQUAL(when(&line, 0, 0), 0);
  CHECK_EQUAL(which(&line, START, 0), -1);
}

static void what_was_and_what_comes_is_known_while_it_runs(void) {
  pcmio_timeline line = fresh();
  uint64_t frame = 0;
  uint64_t nanos = START;
  run(&line, 10, &frame, &nanos);
  CHECK_EQUAL(when(&line, 0, frame), START);
  CHECK_EQUAL(when(&line, 48, frame), START + 1000000);
  CHECK_EQUAL(when(&line, 4799, frame), START + 99979167);
  CHECK_EQUAL(when(&line, 48000, frame), START + SECOND);
  CHECK_EQUAL(which(&line, START + 1000000, frame), 48);
  CHECK_EQUAL(which(&line, START + SECOND, frame), 48000);
  CHECK_EQUAL(which(&line, START - 1, frame), -1);
  pcmio_timeline_stop(&line);
  CHECK_EQUAL(when(&line, 4799, frame), START + 99979167);
  CHECK_EQUAL(when(&line, 4800, frame), 0);
  CHECK_EQUAL(which(&line, START + 50000000, frame), 2400);
  CHECK_EQUAL(which(&line, START + 100000000, frame), -1);
}

static void short_cycles_share_a_mark_unless_they_are_off(void) {
  pcmio_timeline line = fresh();
  for (uint32_t i = 0; i < 20; i++) { /* 1 ms each; the times scatter by 0.4 ms */
    pcmio_timeline_note(&line, (uint64_t)48 * i, RATE, START + (uint64_t)1000000 * i + (uint64_t)(i % 2) * 400000);
  }
  CHECK_EQUAL(atomic_load(&line.count), 2);
  pcmio_timeline_note(&line, 960, RATE, START + 20600000); /* 0.6 ms late */
  CHECK_EQUAL(atomic_load(&line.count), 3);
  CHECK_EQUAL(when(&line, 960, 1008), START + 20600000);
}

static void a_gap_lies_between_two_frames(void) {
  pcmio_timeline line = fresh();
  uint64_t frame = 0;
  uint64_t nanos = START;
  run(&line, 1, &frame, &nanos);
  nanos += 30000000; /* of silence */
  run(&line, 1, &frame, &nanos);
  CHECK_EQUAL(when(&line, 479, frame), START + 9979167);
  CHECK_EQUAL(when(&line, 480, frame), START + 40000000);
  CHECK_EQUAL(which(&line, START + 5000000, frame), 240);
  CHECK_EQUAL(which(&line, START + 25000000, frame), 480);
  CHECK_EQUAL(which(&line, START + 45000000, frame), 720);
}

static void a_ring_that_is_dry_moves_the_next_frame_on(void) {
  pcmio_timeline line = fresh();
  uint64_t frame = 0;
  uint64_t nanos = START;
  run(&line, 1, &frame, &nanos);
  for (uint32_t i = 0; i < PCMIO_TIMELINE_MARKS * 2; i++) {
    pcmio_timeline_note(&line, frame, RATE, nanos);
    CHECK_EQUAL(when(&line, frame + 48, frame), nanos + 1000000);
    nanos += CYCLE_NANOS;
  }
  CHECK_EQUAL(atomic_load(&line.count), 2);
  CHECK_EQUAL(when(&line, 0, frame), START);
}

static void a_pause_lies_between_two_frames(void) {
  pcmio_timeline line = fresh();
  uint64_t frame = 0;
  uint64_t nanos = START;
  run(&line, 2, &frame, &nanos);
  pcmio_timeline_stop(&line);
  CHECK_EQUAL(when(&line, frame, frame), 0);
  nanos += SECOND;
  run(&line, 2, &frame, &nanos);
  CHECK_EQUAL(when(&line, 959, frame), START + 19979167);
  CHECK_EQUAL(when(&line, 960, frame), START + 20000000 + SECOND);
}

static void what_a_device_keeps_over_a_pause_is_heard_after_it(void) {
  pcmio_timeline line = fresh();
  uint64_t frame = 0;
  uint64_t nanos = START + 30000000; /* taken 30 ms before it is heard */
  run(&line, 10, &frame, &nanos);
  pcmio_timeline_stop(&line);
  pcmio_timeline_hold(&line, START + 100000000); /* 30 ms, 1440 frames, are left then */
  nanos = START + 2 * (uint64_t)SECOND;
  run(&line, 1, &frame, &nanos);
  CHECK_EQUAL(when(&line, 4800 - 1440, frame), START + 100000000);
  CHECK_EQUAL(when(&line, 4800 - 1439, frame), START + 2 * (uint64_t)SECOND - pcmio_frames_nanos(1439, RATE));
  CHECK_EQUAL(when(&line, 4799, frame), START + 2 * (uint64_t)SECOND - 20833);
  CHECK_EQUAL(when(&line, 4800, frame), START + 2 * (uint64_t)SECOND);
  CHECK_EQUAL(which(&line, START + 90000000, frame), 2880);
  CHECK_EQUAL(which(&line, START + SECOND, frame), 3360);
  CHECK_EQUAL(which(&line, START + 2 * (uint64_t)SECOND - 10000000, frame), 4320);
  CHECK_EQUAL(which(&line, START + 2 * (uint64_t)SECOND, frame), 4800);
}

static void what_was_captured_and_thrown_away_has_no_time(void) {
  pcmio_timeline line = fresh();
  uint64_t frame = 0;
  uint64_t nanos = START;
  run(&line, 10, &frame, &nanos);
  pcmio_timeline_stop(&line);
  pcmio_timeline_skip(&line, 960, 4800); /* two blocks were taken; the next one is the third */
  nanos += SECOND;
  run(&line, 1, &frame, &nanos);
  CHECK_EQUAL(when(&line, 480, frame), START + CYCLE_NANOS);
  CHECK_EQUAL(when(&line, 959, frame), START + 19979167);
  CHECK_EQUAL(when(&line, 960, frame), START + 100000000 + SECOND);
}

static void what_was_thrown_away_does_not_bring_back_what_is_older(void) {
  pcmio_timeline line = fresh();
  uint64_t frame = 0;
  uint64_t nanos = START;
  run(&line, PCMIO_TIMELINE_MARKS + 10, &frame, &nanos);
  pcmio_timeline_skip(&line, (uint64_t)CYCLE * PCMIO_TIMELINE_MARKS, frame);
  CHECK_EQUAL(when(&line, 9 * (uint64_t)CYCLE, frame), 0);
  CHECK_EQUAL(when(&line, 20 * (uint64_t)CYCLE, frame), START + 20 * (uint64_t)CYCLE_NANOS);
  CHECK_EQUAL(which(&line, START + 9 * (uint64_t)CYCLE_NANOS, frame), -1);
}

static void the_oldest_are_forgotten(void) {
  pcmio_timeline line = fresh();
  uint64_t frame = 0;
  uint64_t nanos = START;
  run(&line, PCMIO_TIMELINE_MARKS + 1, &frame, &nanos);
  CHECK_EQUAL(when(&line, CYCLE - 1, frame), 0);
  CHECK_EQUAL(when(&line, CYCLE, frame), START + CYCLE_NANOS);
  CHECK_EQUAL(which(&line, START, frame), -1);
}

/* --- two threads -------------------------------------------------------------------------------------------------- */

static pcmio_timeline shared = {.step_nanos = 1};
static _Atomic bool was_told;
static _Atomic bool stop;

static void *note(void *argument) {
  (void)argument;
  for (uint64_t i = 1; i < WRITES || !atomic_load(&was_told); i++) {
    pcmio_timeline_note(&shared, i * RATE, RATE, i * SECOND + i); /* halves of two would not fit each other */
  }
  atomic_store(&stop, true);
  return NULL;
}

static void a_reader_never_sees_halves_of_two_writes(void) {
  pthread_t writer;
  CHECK_EQUAL(pthread_create(&writer, NULL, note, NULL), 0);
  while (!atomic_load(&stop)) {
    uint64_t count = atomic_load(&shared.count);
    uint64_t nanos = 0;
    if (count != 0 && pcmio_timeline_time(&shared, count * RATE, 0, RATE, &nanos)) {
      CHECK_EQUAL(nanos, count * SECOND + count);
      atomic_store(&was_told, true);
    }
  }
  CHECK_EQUAL(pthread_join(writer, NULL), 0);
}

int main(void) {
  RUN(nothing_is_known_before_the_first_cycle);
  RUN(what_was_and_what_comes_is_known_while_it_runs);
  RUN(short_cycles_share_a_mark_unless_they_are_off);
  RUN(a_gap_lies_between_two_frames);
  RUN(a_ring_that_is_dry_moves_the_next_frame_on);
  RUN(a_pause_lies_between_two_frames);
  RUN(what_a_device_keeps_over_a_pause_is_heard_after_it);
  RUN(what_was_captured_and_thrown_away_has_no_time);
  RUN(what_was_thrown_away_does_not_bring_back_what_is_older);
  RUN(the_oldest_are_forgotten);
  RUN(a_reader_never_sees_halves_of_two_writes);
  return 0;
}
