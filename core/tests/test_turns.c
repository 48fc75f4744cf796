/* When the thread that serves is patient, and when it is woken for every block. */
#define _GNU_SOURCE
#include "turns.h"

#include <sched.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif

#include "rig.h"

#define INTERVAL UINT64_C(5000000)
#define ALONE (INTERVAL + INTERVAL / 50)        /* what one computing thread makes an impatient one wait */
#define ALONE_PATIENT (INTERVAL * 7 / 5 + 1000) /* and a patient one */
#define EARLY (INTERVAL / 2)                    /* nobody's but another thread's request */
#define FOREVER INT64_C(10000000000)

typedef struct {
  rig bench;
  pcmio_wakeup *wakeup;
  pcmio_turns *turns;
} served;

static int32_t open_served(served *it) {
  pcmio_pump_config config = rig_config(&it->bench);
  config.out_channels = 1;
  config.wake_slots = 3;
  rig_open(&it->bench, &config);
  it->wakeup = pcmio_wakeup_new();
  it->turns = pcmio_turns_new(it->bench.pump, it->wakeup);
  CHECK(it->turns != NULL);
  return pcmio_turns_enter(it->turns, INTERVAL, 1);
}

static void close_served(served *it) {
  pcmio_turns_free(it->turns);
  pcmio_wakeup_free(it->wakeup);
  rig_close(&it->bench);
}

static void take(served *it, uint64_t nanos, uint32_t times) {
  for (uint32_t i = 0; i < times; i++) {
    pcmio_turns_took(it->turns, nanos);
  }
}

static void a_single_computing_thread_is_soon_recognized(void) {
  served it;
  open_served(&it);
  CHECK(pcmio_turns_patient(it.turns)); /* until it is known what there is */
  take(&it, ALONE_PATIENT, 3);
  CHECK(pcmio_turns_patient(it.turns));
  take(&it, ALONE_PATIENT, 1);
  CHECK(!pcmio_turns_patient(it.turns));
  take(&it, ALONE, 1000);
  take(&it, 4 * INTERVAL, 1000); /* in calls that keep the interpreter */
  CHECK(!pcmio_turns_patient(it.turns));
  close_served(&it);
}

static void several_are_remembered_for_long(void) {
  served it;
  open_served(&it);
  take(&it, ALONE_PATIENT, 4);
  take(&it, EARLY, 1);
  CHECK(pcmio_turns_patient(it.turns));
  take(&it, ALONE_PATIENT, 33);
  CHECK(pcmio_turns_patient(it.turns));
  take(&it, ALONE_PATIENT, 1);
  CHECK(!pcmio_turns_patient(it.turns));
  close_served(&it);
}

static void a_wait_for_many_turns_asks_for_patience(void) {
  served it;
  open_served(&it);
  take(&it, 0, 40);
  CHECK(!pcmio_turns_patient(it.turns));
  take(&it, 20 * INTERVAL, 1);
  CHECK(pcmio_turns_patient(it.turns));
  take(&it, ALONE_PATIENT, 9);
  CHECK(pcmio_turns_patient(it.turns));
  take(&it, ALONE_PATIENT, 1);
  CHECK(!pcmio_turns_patient(it.turns));
  close_served(&it);
}

static void what_rtkit_lends_is_given_up_for_patience_and_wanted_back(void) {
  served it;
  open_served(&it);
  take(&it, ALONE_PATIENT, 4);
  pcmio_turns_lend(it.turns);
  take(&it, ALONE, 100);
  CHECK(!pcmio_turns_patient(it.turns));
  CHECK_EQUAL(pcmio_turns_would_borrow(it.turns), 0); /* it has it */
  for (uint32_t i = 0; i < 10; i++) {                 /* a short call of another thread now and then */
    take(&it, EARLY, 1);
    take(&it, ALONE, 50);
  }
  CHECK(!pcmio_turns_patient(it.turns));
  take(&it, EARLY, 3);
  CHECK(pcmio_turns_patient(it.turns));
  CHECK_EQUAL(pcmio_turns_would_borrow(it.turns), 0); /* it is of no use now */
  take(&it, ALONE_PATIENT, 34);
  CHECK(!pcmio_turns_patient(it.turns));
  CHECK_EQUAL(pcmio_turns_would_borrow(it.turns), 1);
  pcmio_turns_lend(it.turns);
  CHECK_EQUAL(pcmio_turns_would_borrow(it.turns), 0);
  close_served(&it);
}

static void what_rtkit_lends_at_the_beginning_is_kept_until_there_are_several(void) {
  served it;
  open_served(&it);
  pcmio_turns_lend(it.turns); /* the thread is patient, but not sure yet that it has to be */
  take(&it, ALONE_PATIENT, 4);
  CHECK_EQUAL(pcmio_turns_would_borrow(it.turns), 0);
  close_served(&it);
  open_served(&it);
  pcmio_turns_lend(it.turns);
  take(&it, 20 * INTERVAL, 2);
  take(&it, ALONE_PATIENT, 34);
  CHECK_EQUAL(pcmio_turns_would_borrow(it.turns), 1);
  close_served(&it);
}

/* A cycle of one block, and whether it woke the thread. */
static bool wakes(served *it) {
  int32_t heard[32];
  void *outputs[] = {heard};
  uint32_t before = atomic_load(&it->bench.wakes);
  pcmio_pump_transfer(it->bench.pump, NULL, outputs, 32, 0, 0);
  return atomic_load(&it->bench.wakes) != before;
}

static void fill(served *it) {
  pcmio_block block;
  uint32_t finished = 0;
  CHECK_EQUAL(pcmio_turns_begin(it->turns, 1, &block), PCMIO_TURN_BLOCK);
  do {
    finished = 1;
  } while (pcmio_pump_step(it->bench.pump, finished, &block) != 0);
}

static void while_turns_are_late_every_free_block_wakes(void) {
  served it;
  open_served(&it);
  fill(&it);
  pcmio_pump_set_mode(it.bench.pump, PCMIO_RUNNING);
  take(&it, 0, 64);
  CHECK(!wakes(&it)); /* three of four must be free */
  take(&it, ALONE, 1);
  CHECK(wakes(&it));
  take(&it, 0, 63);
  fill(&it); /* a turn at once, the 64th */
  CHECK(!wakes(&it));
  CHECK_EQUAL(rig_stats(&it.bench).longest_turn_nanos, ALONE);
  close_served(&it);
}

static void a_turn_tells_what_there_is_to_do(void) {
  served it;
  pcmio_block block;
  pcmio_note note;
  open_served(&it);
  CHECK_EQUAL(pcmio_turns_begin(it.turns, 0, &block), 0);
  pcmio_pump_note(it.bench.pump, PCMIO_NOTE_MOVED, 0, 0);
  CHECK_EQUAL(pcmio_turns_begin(it.turns, 0, &block), PCMIO_TURN_NOTES);
  CHECK_EQUAL(pcmio_turns_begin(it.turns, 1, &block), PCMIO_TURN_NOTES | PCMIO_TURN_BLOCK);
  CHECK_EQUAL(pcmio_pump_take_note(it.bench.pump, &note), 1);
  fill(&it);
  CHECK_EQUAL(pcmio_turns_begin(it.turns, 1, &block), 0);
  CHECK_EQUAL(pcmio_turns_wait(it.turns, 0), 0);
  pcmio_wakeup_post(it.wakeup);
  CHECK_EQUAL(pcmio_turns_wait(it.turns, FOREVER), 1);
  close_served(&it);
}

/* A block that was prepared, and not filled after all, has told nothing. */
static void what_was_lost_is_told_with_the_block_that_is_filled(void) {
  served it;
  pcmio_block block;
  open_served(&it);
  pcmio_pump_set_mode(it.bench.pump, PCMIO_RUNNING);
  wakes(&it);
  CHECK_EQUAL(pcmio_turns_begin(it.turns, 1, &block), PCMIO_TURN_BLOCK);
  CHECK_EQUAL(block.output_xrun_frames, 32);
  CHECK_EQUAL(pcmio_turns_begin(it.turns, 1, &block), PCMIO_TURN_BLOCK);
  CHECK_EQUAL(block.output_xrun_frames, 32);
  CHECK_EQUAL(pcmio_pump_step(it.bench.pump, 1, &block), 1);
  CHECK_EQUAL(block.output_xrun_frames, 0);
  close_served(&it);
}

static void a_patient_thread_is_an_ordinary_one_with_late_timers(void) {
#if defined(__linux__)
  served it;
  int32_t denied = open_served(&it);
  CHECK_EQUAL(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), INTERVAL * 2 / 5);
  CHECK_EQUAL(sched_getscheduler(0) & ~SCHED_RESET_ON_FORK, SCHED_OTHER);
  take(&it, ALONE_PATIENT, 4);
  CHECK(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0) < (int)INTERVAL / 5);
  CHECK_EQUAL(sched_getscheduler(0) & ~SCHED_RESET_ON_FORK, denied != 0 ? SCHED_OTHER : SCHED_FIFO);
  take(&it, EARLY, 1);
  CHECK_EQUAL(sched_getscheduler(0) & ~SCHED_RESET_ON_FORK, SCHED_OTHER);
  close_served(&it);
#endif
}

int main(void) {
  RUN(a_single_computing_thread_is_soon_recognized);
  RUN(several_are_remembered_for_long);
  RUN(what_rtkit_lends_is_given_up_for_patience_and_wanted_back);
  RUN(what_rtkit_lends_at_the_beginning_is_kept_until_there_are_several);
  RUN(a_wait_for_many_turns_asks_for_patience);
  RUN(while_turns_are_late_every_free_block_wakes);
  RUN(a_turn_tells_what_there_is_to_do);
  RUN(what_was_lost_is_told_with_the_block_that_is_filled);
  RUN(a_patient_thread_is_an_ordinary_one_with_late_timers);
  return 0;
}
