/* What a pump counts and measures of itself. */
#include "pump.h"
#include "rig.h"

#define MICROSECOND UINT64_C(1000)

static int32_t heard[RIG_MOST_FRAMES];

/* Prepares a block, lets `nanos` pass and hands it back. */
static void call_for(rig *bench, uint64_t nanos) {
  pcmio_block block;
  CHECK(pcmio_pump_step(bench->pump, 0, &block));
  bench->now += nanos;
  pcmio_pump_step(bench->pump, 1, &block);
}

static void a_callback_s_time_is_that_between_prepared_and_handed_back(void) {
  rig bench;
  rig_open_mono(&bench, 1, 0);
  call_for(&bench, 100 * MICROSECOND);
  bench.now += 700 * MICROSECOND; /* no callback is at work */
  call_for(&bench, 300 * MICROSECOND);
  call_for(&bench, 50 * MICROSECOND);
  CHECK_EQUAL(rig_stats(&bench).blocks, 3);
  CHECK_EQUAL(rig_stats(&bench).callback_nanos, 450 * MICROSECOND);
  CHECK_EQUAL(rig_stats(&bench).longest_callback_nanos, 300 * MICROSECOND);
  rig_close(&bench);
}

static void blocks_in_a_row_are_measured_one_by_one(void) {
  rig bench;
  pcmio_block block;
  rig_open_mono(&bench, 1, 0);
  CHECK(pcmio_pump_step(bench.pump, 0, &block));
  for (uint64_t i = 1; i <= 4; i++) {
    bench.now += i * MICROSECOND;
    CHECK_EQUAL(pcmio_pump_step(bench.pump, 1, &block), i < 4);
  }
  CHECK_EQUAL(rig_stats(&bench).callback_nanos, 10 * MICROSECOND);
  CHECK_EQUAL(rig_stats(&bench).longest_callback_nanos, 4 * MICROSECOND);
  rig_close(&bench);
}

static void a_block_that_is_prepared_anew_begins_anew(void) {
  rig bench;
  pcmio_block block;
  rig_open_mono(&bench, 0, 1);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  rig_capture(&bench, 1, 32);
  CHECK(pcmio_pump_step(bench.pump, 0, &block));
  bench.now += 900 * MICROSECOND;
  call_for(&bench, 40 * MICROSECOND);
  CHECK_EQUAL(rig_stats(&bench).callback_nanos, 40 * MICROSECOND);
  rig_close(&bench);
}

static void the_low_water_of_an_output_is_what_was_left(void) {
  rig bench;
  rig_open_mono(&bench, 1, 0);
  CHECK_EQUAL(rig_stats(&bench).output_low_water, PCMIO_NO_CYCLE);
  int32_t next = rig_fill(&bench, 1);
  rig_play(&bench, heard, 32);
  CHECK_EQUAL(rig_stats(&bench).output_low_water, PCMIO_NO_CYCLE); /* an idle stream wants nothing */
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  rig_play(&bench, heard, 32);
  CHECK_EQUAL(rig_stats(&bench).output_low_water, 128);
  rig_play(&bench, heard, 40);
  rig_play(&bench, heard, 8);
  CHECK_EQUAL(rig_stats(&bench).output_low_water, 56);
  rig_fill(&bench, next);
  rig_play(&bench, heard, 8);
  CHECK_EQUAL(rig_stats(&bench).output_low_water, 56);
  rig_play(&bench, heard, 200);
  rig_play(&bench, heard, 1);
  CHECK_EQUAL(rig_stats(&bench).output_low_water, 0);
  CHECK_EQUAL(rig_stats(&bench).input_low_water, PCMIO_NO_CYCLE);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING); /* a start begins it anew */
  CHECK_EQUAL(rig_stats(&bench).output_low_water, PCMIO_NO_CYCLE);
  rig_close(&bench);
}

static void the_low_water_of_an_input_is_the_room_that_was_left(void) {
  rig bench;
  rig_open_mono(&bench, 0, 1);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  CHECK_EQUAL(rig_stats(&bench).input_low_water, PCMIO_NO_CYCLE);
  rig_capture(&bench, 1, 100);
  CHECK_EQUAL(rig_stats(&bench).input_low_water, 128);
  rig_capture(&bench, 101, 20);
  CHECK_EQUAL(rig_stats(&bench).input_low_water, 28);
  call_for(&bench, 0);
  rig_capture(&bench, 121, 10);
  CHECK_EQUAL(rig_stats(&bench).input_low_water, 28);
  CHECK_EQUAL(rig_stats(&bench).xruns, 0);
  CHECK_EQUAL(rig_stats(&bench).output_low_water, PCMIO_NO_CYCLE);
  rig_close(&bench);
}

static void a_wake_up_s_delay_is_that_until_the_thread_is_awake(void) {
  rig bench;
  rig_open_mono(&bench, 1, 0);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  int32_t next = rig_fill(&bench, 1);
  for (uint64_t delay = 100; delay <= 300; delay += 100) {
    rig_play(&bench, heard, 32); /* which ends 667 microseconds after it has posted */
    bench.now += delay * MICROSECOND;
    pcmio_pump_awake(bench.pump);
    next = rig_fill(&bench, next);
  }
  uint64_t cycle = (uint64_t)32 * 1000000000 / RIG_RATE;
  CHECK_EQUAL(rig_stats(&bench).awakenings, 3);
  CHECK_EQUAL(rig_stats(&bench).wake_delay_nanos, 3 * cycle + 600 * MICROSECOND);
  CHECK_EQUAL(rig_stats(&bench).longest_wake_delay_nanos, cycle + 300 * MICROSECOND);
  pcmio_pump_awake(bench.pump); /* woken by nobody of the device's */
  CHECK_EQUAL(rig_stats(&bench).awakenings, 3);
  rig_close(&bench);
}

static void a_delay_begins_with_the_first_of_several_posts(void) {
  rig bench;
  rig_open_mono(&bench, 1, 0);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  rig_fill(&bench, 1);
  uint64_t begin = bench.now;
  for (uint32_t i = 0; i < 5; i++) {
    rig_play(&bench, heard, 32);
  }
  CHECK_EQUAL(rig_stats(&bench).wakes, 2); /* the second for the gap */
  pcmio_pump_awake(bench.pump);
  CHECK_EQUAL(rig_stats(&bench).wake_delay_nanos, bench.now - begin);
  CHECK_EQUAL(rig_stats(&bench).awakenings, 1);
  rig_close(&bench);
}

static void a_post_that_nobody_was_there_to_hear_has_no_delay(void) {
  rig bench;
  rig_open_mono(&bench, 1, 0);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  rig_play(&bench, heard, 32);
  pcmio_pump_set_mode(bench.pump, PCMIO_IDLE);
  bench.now += 1000000000;
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  pcmio_pump_awake(bench.pump);
  CHECK_EQUAL(rig_stats(&bench).awakenings, 0);
  rig_close(&bench);
}

int main(void) {
  RUN(a_callback_s_time_is_that_between_prepared_and_handed_back);
  RUN(blocks_in_a_row_are_measured_one_by_one);
  RUN(a_block_that_is_prepared_anew_begins_anew);
  RUN(the_low_water_of_an_output_is_what_was_left);
  RUN(the_low_water_of_an_input_is_the_room_that_was_left);
  RUN(a_wake_up_s_delay_is_that_until_the_thread_is_awake);
  RUN(a_delay_begins_with_the_first_of_several_posts);
  RUN(a_post_that_nobody_was_there_to_hear_has_no_delay);
  return 0;
}
