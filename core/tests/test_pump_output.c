/* A pump that plays. */
#include <string.h>

#include "rig.h"

static int32_t heard[RIG_MOST_FRAMES];

static void check_heard(uint32_t from, uint32_t to, int32_t first) {
  for (uint32_t i = from; i < to; i++) {
    CHECK_EQUAL(heard[i], first + (int32_t)(i - from));
  }
}

static void check_silent(uint32_t from, uint32_t to) {
  for (uint32_t i = from; i < to; i++) {
    CHECK_EQUAL(heard[i], 0);
  }
}

static void an_idle_pump_is_silent_and_touches_nothing(void) {
  rig bench;
  rig_open_mono(&bench, 1, 0);
  CHECK_EQUAL(rig_fill(&bench, 1), 129);
  memset(heard, 0x55, sizeof heard);
  rig_play(&bench, heard, 100);
  check_silent(0, 100);
  CHECK_EQUAL(heard[100], 0x55555555);
  CHECK_EQUAL(pcmio_pump_filled(bench.pump), 128);
  CHECK_EQUAL(pcmio_pump_position(bench.pump), 0);
  CHECK_EQUAL(rig_stats(&bench).cycles, 1);
  CHECK_EQUAL(rig_stats(&bench).xruns, 0);
  CHECK_EQUAL(bench.wakes, 0);
  rig_close(&bench);
}

static void frames_come_out_in_order_whatever_the_cycle(void) {
  static const uint32_t sizes[] = {1, 7, 31, 32, 33, 0, 64, 127, 128, 13};
  rig bench;
  rig_open_mono(&bench, 1, 0);
  int32_t next = rig_fill(&bench, 1);
  int32_t wanted = 1;
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  for (uint32_t cycle = 0; cycle < 10000; cycle++) {
    uint32_t frames = sizes[cycle % (sizeof sizes / sizeof *sizes)];
    if (pcmio_pump_filled(bench.pump) < frames) {
      next = rig_fill(&bench, next);
    }
    uint32_t ready = pcmio_pump_filled(bench.pump);
    uint32_t played = ready < frames ? ready : frames;
    rig_play(&bench, heard, frames);
    check_heard(0, played, wanted);
    check_silent(played, frames);
    wanted += (int32_t)played;
    CHECK_EQUAL(pcmio_pump_position(bench.pump), wanted - 1);
  }
  CHECK_EQUAL(rig_stats(&bench).largest_cycle, 128);
  rig_close(&bench);
}

static void a_gap_is_one_xrun_however_long(void) {
  rig bench;
  pcmio_block block;
  rig_open_mono(&bench, 1, 0);
  CHECK(rig_put_block(&bench, 1));
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  rig_play(&bench, heard, 40); /* 8 are missing */
  check_heard(0, 32, 1);
  check_silent(32, 40);
  rig_play(&bench, heard, 10);
  rig_play(&bench, heard, 0); /* a cycle without frames ends no gap */
  rig_play(&bench, heard, 10);
  CHECK_EQUAL(rig_stats(&bench).xruns, 1);
  CHECK_EQUAL(rig_stats(&bench).output_xrun_frames, 28);
  CHECK(rig_put_block(&bench, 33));
  rig_play(&bench, heard, 33); /* some, and then the next gap */
  check_heard(0, 32, 33);
  check_silent(32, 33);
  CHECK_EQUAL(rig_stats(&bench).xruns, 2);
  CHECK_EQUAL(rig_stats(&bench).output_xrun_frames, 29);
  CHECK_EQUAL(pcmio_pump_position(bench.pump), 64);
  CHECK(pcmio_pump_step(bench.pump, 0, &block));
  CHECK_EQUAL(block.output_xrun_frames, 1); /* the 28 were told with the block before */
  CHECK(pcmio_pump_step(bench.pump, 1, &block));
  CHECK_EQUAL(block.output_xrun_frames, 0);
  rig_close(&bench);
}

static void the_system_s_own_xruns_are_told_too(void) {
  rig bench;
  pcmio_block block;
  rig_open_mono(&bench, 1, 0);
  pcmio_pump_xrun(bench.pump, 5); /* before the start nobody misses anything */
  CHECK_EQUAL(rig_stats(&bench).xruns, 0);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  pcmio_pump_xrun(bench.pump, 100);
  pcmio_pump_xrun(bench.pump, 0);
  CHECK_EQUAL(rig_stats(&bench).xruns, 2);
  CHECK(pcmio_pump_step(bench.pump, 0, &block));
  CHECK_EQUAL(block.output_xrun_frames, 100);
  rig_close(&bench);
}

static void check_drained(rig *bench, uint64_t nanos) {
  pcmio_note note;
  CHECK(pcmio_pump_take_note(bench->pump, &note));
  CHECK_EQUAL(note.kind, PCMIO_NOTE_DRAINED);
  CHECK_EQUAL(note.value, nanos);
  CHECK(!pcmio_pump_take_note(bench->pump, &note));
}

static void draining_plays_the_rest_and_says_when_it_is_heard(void) {
  rig bench;
  pcmio_note note;
  rig_open_mono(&bench, 1, 0);
  CHECK(rig_put_block(&bench, 1));
  CHECK(rig_put_block(&bench, 33));
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  rig_play(&bench, heard, 48);
  pcmio_pump_set_mode(bench.pump, PCMIO_DRAINING);
  CHECK(!pcmio_pump_take_note(bench.pump, &note));
  uint64_t begin = bench.now;
  atomic_store(&bench.wakes, 0);
  rig_play(&bench, heard, 48);
  check_heard(0, 16, 49);
  check_silent(16, 48);
  check_drained(&bench, begin + 1000000 + 333333); /* 16 frames after the cycle's first, which is heard after 1 ms */
  CHECK_EQUAL(bench.wakes, 1);
  rig_play(&bench, heard, 48); /* and not again */
  check_silent(0, 48);
  CHECK(!pcmio_pump_take_note(bench.pump, &note));
  CHECK_EQUAL(rig_stats(&bench).xruns, 0); /* that was no lack */
  CHECK_EQUAL(rig_stats(&bench).output_low_water, 64);
  rig_close(&bench);
}

static void draining_an_empty_ring_ends_with_the_next_cycle(void) {
  rig bench;
  rig_open_mono(&bench, 1, 0);
  for (uint32_t round = 0; round < 3; round++) {
    pcmio_pump_set_mode(bench.pump, PCMIO_DRAINING);
    uint64_t begin = bench.now;
    rig_play(&bench, heard, round * 32); /* even with one that moves no frames */
    check_drained(&bench, begin + 1000000);
    pcmio_pump_set_mode(bench.pump, PCMIO_IDLE);
  }
  rig_close(&bench);
}

static void a_block_arrives_silent(void) {
  rig bench;
  pcmio_block block;
  pcmio_pump_config config = rig_config(&bench);
  config.out_channels = 2;
  config.out_format = PCMIO_U16;
  config.out_native_format = PCMIO_U16;
  rig_open(&bench, &config);
  const uint16_t *samples = bench.config.out_data;
  CHECK(pcmio_pump_step(bench.pump, 0, &block));
  for (uint32_t i = 0; i < 64; i++) {
    CHECK_EQUAL(samples[i], 0x8000);
  }
  CHECK_EQUAL(samples[64], 0);
  rig_close(&bench);
}

/* --- formats and channels ------------------------------------------------------------------------------------------
 */

static void planar_buffers_get_one_channel_each(void) {
  rig bench;
  pcmio_block block;
  int16_t left[20];
  int16_t middle[20];
  int16_t right[20];
  void *outputs[3] = {left, middle, right};
  pcmio_pump_config config = rig_config(&bench);
  config.out_channels = 3;
  config.out_planar = 1;
  config.out_format = PCMIO_F32;
  config.out_native_format = PCMIO_I16;
  rig_open(&bench, &config);
  float *samples = bench.config.out_data;
  CHECK(pcmio_pump_step(bench.pump, 0, &block));
  for (uint32_t i = 0; i < 32 * 3; i++) {
    samples[i] = (float)(100 * (int32_t)(i % 3 + 1) + (int32_t)(i / 3)) / 32768.0f;
  }
  pcmio_pump_step(bench.pump, 1, &block);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  for (int32_t cycle = 0; cycle < 2; cycle++) {
    pcmio_pump_transfer(bench.pump, NULL, outputs, 20, 0, 0);
    for (int32_t i = 0; i < 20; i++) {
      int32_t frame = cycle * 20 + i;
      CHECK_EQUAL(left[i], frame < 32 ? 100 + frame : 0);
      CHECK_EQUAL(middle[i], frame < 32 ? 200 + frame : 0);
      CHECK_EQUAL(right[i], frame < 32 ? 300 + frame : 0);
    }
  }
  rig_close(&bench);
}

static void interleaved_buffers_get_their_own_format(void) {
  rig bench;
  pcmio_block block;
  uint8_t native[40 * 2 * 3];
  void *outputs[1] = {native};
  pcmio_pump_config config = rig_config(&bench);
  config.out_channels = 2;
  config.out_format = PCMIO_I16;
  config.out_native_format = PCMIO_U24_PACKED;
  rig_open(&bench, &config);
  int16_t *samples = bench.config.out_data;
  CHECK(pcmio_pump_step(bench.pump, 0, &block));
  for (int16_t i = 0; i < 64; i++) {
    samples[i] = (int16_t)(i - 32);
  }
  pcmio_pump_step(bench.pump, 1, &block);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  pcmio_pump_transfer(bench.pump, NULL, outputs, 40, 0, 0);
  for (int32_t i = 0; i < 80; i++) {
    uint8_t wanted[4];
    int32_t value = 0x800000 + (i < 64 ? (i - 32) * 256 : 0);
    pcmio_convert(wanted, PCMIO_U24_PACKED, 1, &value, PCMIO_U24, 1, 1);
    CHECK(memcmp(native + (size_t)i * 3, wanted, 3) == 0);
  }
  rig_close(&bench);
}

/* --- waking --------------------------------------------------------------------------------------------------------
 */

static void python_is_woken_when_enough_is_free_and_then_left_alone(void) {
  rig bench;
  pcmio_pump_config config = rig_config(&bench);
  config.out_channels = 1;
  config.wake_slots = 2;
  rig_open(&bench, &config);
  int32_t next = rig_fill(&bench, 1);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  rig_play(&bench, heard, 63);
  CHECK_EQUAL(bench.wakes, 0);
  rig_play(&bench, heard, 1);
  CHECK_EQUAL(bench.wakes, 1);
  rig_play(&bench, heard, 1); /* it knows already */
  CHECK_EQUAL(bench.wakes, 1);
  pcmio_pump_awake(bench.pump);
  rig_play(&bench, heard, 1); /* it has looked and not filled: it is told again */
  CHECK_EQUAL(bench.wakes, 2);
  pcmio_pump_awake(bench.pump);
  rig_fill(&bench, next);
  rig_play(&bench, heard, 30);
  CHECK_EQUAL(bench.wakes, 2);
  CHECK_EQUAL(rig_stats(&bench).wakes, 2);
  rig_close(&bench);
}

static void the_threshold_is_seen_though_it_was_passed_before_the_start(void) {
  rig bench;
  rig_open_mono(&bench, 1, 0);
  CHECK(rig_put_block(&bench, 1));
  rig_play(&bench, heard, 8);
  CHECK_EQUAL(bench.wakes, 0);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  rig_play(&bench, heard, 8);
  CHECK_EQUAL(bench.wakes, 1);
  pcmio_pump_set_mode(bench.pump, PCMIO_IDLE); /* whoever was woken had nothing to do and did not answer */
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  rig_play(&bench, heard, 8);
  CHECK_EQUAL(bench.wakes, 2);
  rig_close(&bench);
}

static void a_gap_and_a_note_wake_in_any_case(void) {
  rig bench;
  rig_open_mono(&bench, 1, 0);
  CHECK(rig_put_block(&bench, 1));
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  rig_play(&bench, heard, 32);
  rig_play(&bench, heard, 1);
  CHECK_EQUAL(bench.wakes, 2);
  pcmio_pump_note(bench.pump, PCMIO_NOTE_MOVED, 0, 0);
  CHECK_EQUAL(bench.wakes, 3);
  rig_close(&bench);
}

static void impossible_thresholds_are_made_possible(void) {
  static const uint32_t wake_slots[] = {0, 5, UINT32_MAX};
  for (uint32_t i = 0; i < 3; i++) {
    rig bench;
    pcmio_pump_config config = rig_config(&bench);
    config.out_channels = 1;
    config.wake_slots = wake_slots[i];
    rig_open(&bench, &config);
    rig_fill(&bench, 1);
    pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
    rig_play(&bench, heard, 31);
    CHECK_EQUAL(bench.wakes, 0);
    rig_play(&bench, heard, 97);
    CHECK_EQUAL(bench.wakes, 1);
    rig_close(&bench);
  }
}

/* --- times and positions -------------------------------------------------------------------------------------------
 */

static void a_block_knows_when_it_will_be_heard(void) {
  rig bench;
  pcmio_block block;
  rig_open_mono(&bench, 1, 0);
  pcmio_pump_set_latency(bench.pump, 5000000, 0);
  CHECK_EQUAL(pcmio_pump_latency(bench.pump), 5000000);
  CHECK(rig_put_block(&bench, 1));
  CHECK(pcmio_pump_step(bench.pump, 0, &block)); /* no cycle yet: as the latency says, after one block of 32 frames */
  CHECK_EQUAL(block.callback_nanos, RIG_START_NANOS);
  CHECK_EQUAL(block.output_nanos, RIG_START_NANOS + 5000000 + 666667);
  pcmio_pump_step(bench.pump, 1, &block);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  bench.now += 10000000;
  uint64_t begin = bench.now;
  rig_play(&bench, heard, 16);
  CHECK(pcmio_pump_step(bench.pump, 0, &block)); /* as the cycle said: 64 frames after its first */
  CHECK_EQUAL(block.output_nanos, begin + 1000000 + 1333333);
  rig_close(&bench);
}

static void the_time_before_a_pause_says_nothing_about_the_time_after_it(void) {
  rig bench;
  pcmio_block block;
  rig_open_mono(&bench, 1, 0);
  pcmio_pump_set_latency(bench.pump, 1000000, 0);
  CHECK(rig_put_block(&bench, 1));
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  rig_play(&bench, heard, 16);
  pcmio_pump_set_mode(bench.pump, PCMIO_IDLE);
  bench.now += 1000000000;
  CHECK(pcmio_pump_step(bench.pump, 0, &block));
  CHECK_EQUAL(block.output_nanos, bench.now + 1000000 + 333333);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  CHECK(pcmio_pump_step(bench.pump, 0, &block));
  CHECK_EQUAL(block.output_nanos, bench.now + 1000000 + 333333);
  rig_close(&bench);
}

static void times_never_step_back(void) {
  rig bench;
  pcmio_block block;
  uint32_t random = 7;
  uint64_t latest = 0;
  rig_open_mono(&bench, 1, 0);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  for (uint32_t i = 0; i < 5000; i++) {
    void *outputs[1] = {heard};
    uint64_t jitter = next_random(&random) % 3000000; /* far more than a real device's */
    pcmio_pump_transfer(bench.pump, NULL, outputs, 32, 0, bench.now + jitter);
    bench.now += 666667;
    if (pcmio_pump_step(bench.pump, 0, &block)) {
      CHECK(block.output_nanos >= latest);
      latest = block.output_nanos;
      pcmio_pump_step(bench.pump, 1, &block);
    }
  }
  rig_close(&bench);
}

static void positions_count_over_the_pump_s_life(void) {
  rig bench;
  pcmio_block block;
  rig_open_mono(&bench, 1, 0);
  for (uint64_t round = 0; round < 10; round++) {
    CHECK(pcmio_pump_step(bench.pump, 0, &block));
    CHECK_EQUAL(block.position, round * 96);
    CHECK(rig_put_block(&bench, 1));
    CHECK(rig_put_block(&bench, 33));
    CHECK(rig_put_block(&bench, 65));
    pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
    rig_play(&bench, heard, 41); /* ends within a slot */
    check_heard(0, 41, 1);
    CHECK_EQUAL(pcmio_pump_position(bench.pump), (round + 1) * 41);
    pcmio_pump_set_mode(bench.pump, PCMIO_IDLE);
    rig_play(&bench, heard, 41);
    CHECK_EQUAL(pcmio_pump_position(bench.pump), (round + 1) * 41);
    CHECK_EQUAL(pcmio_pump_settle(bench.pump, 0), 0);
    pcmio_pump_reset(bench.pump);
    CHECK_EQUAL(pcmio_pump_filled(bench.pump), 0);
    CHECK_EQUAL(pcmio_pump_position(bench.pump), (round + 1) * 41);
  }
  CHECK_EQUAL(rig_stats(&bench).blocks, 30);
  CHECK_EQUAL(rig_stats(&bench).output_frames, 410);
  rig_close(&bench);
}

static void a_reset_forgets_a_gap_that_was_not_told(void) {
  rig bench;
  pcmio_block block;
  rig_open_mono(&bench, 1, 0);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  rig_play(&bench, heard, 32);
  pcmio_pump_set_mode(bench.pump, PCMIO_IDLE);
  pcmio_pump_reset(bench.pump);
  CHECK(pcmio_pump_step(bench.pump, 0, &block));
  CHECK_EQUAL(block.output_xrun_frames, 0);
  CHECK_EQUAL(rig_stats(&bench).output_xrun_frames, 32);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  rig_play(&bench, heard, 32);
  CHECK_EQUAL(rig_stats(&bench).xruns, 2); /* not the gap of before */
  rig_close(&bench);
}

int main(void) {
  RUN(an_idle_pump_is_silent_and_touches_nothing);
  RUN(frames_come_out_in_order_whatever_the_cycle);
  RUN(a_gap_is_one_xrun_however_long);
  RUN(the_system_s_own_xruns_are_told_too);
  RUN(draining_plays_the_rest_and_says_when_it_is_heard);
  RUN(draining_an_empty_ring_ends_with_the_next_cycle);
  RUN(a_block_arrives_silent);
  RUN(planar_buffers_get_one_channel_each);
  RUN(interleaved_buffers_get_their_own_format);
  RUN(python_is_woken_when_enough_is_free_and_then_left_alone);
  RUN(the_threshold_is_seen_though_it_was_passed_before_the_start);
  RUN(a_gap_and_a_note_wake_in_any_case);
  RUN(impossible_thresholds_are_made_possible);
  RUN(a_block_knows_when_it_will_be_heard);
  RUN(the_time_before_a_pause_says_nothing_about_the_time_after_it);
  RUN(times_never_step_back);
  RUN(positions_count_over_the_pump_s_life);
  RUN(a_reset_forgets_a_gap_that_was_not_told);
  return 0;
}
