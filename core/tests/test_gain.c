/* Volume: how samples are scaled on their way between the ring and native buffers. */
#include "gain.h"

#include <math.h>
#include <string.h>

#include "rig.h"

static float heard[2 * RIG_MOST_FRAMES];

static void open_float(rig *bench, uint32_t out_channels, uint32_t in_channels) {
  pcmio_pump_config config = rig_config(bench);
  config.out_channels = out_channels;
  config.in_channels = in_channels;
  config.out_format = config.out_native_format = config.in_format = config.in_native_format = PCMIO_F32;
  rig_open(bench, &config);
}

/* All that is free becomes `level`. */
static void fill(rig *bench, float level) {
  pcmio_block block;
  uint32_t samples = bench->config.slot_frames * bench->config.out_channels;
  for (int32_t ready = pcmio_pump_step(bench->pump, 0, &block); ready;
       ready = pcmio_pump_step(bench->pump, 1, &block)) {
    for (uint32_t i = 0; i < samples; i++) {
      ((float *)bench->config.out_data)[(size_t)block.output_slot * samples + i] = level;
    }
  }
}

static void play(rig *bench, float *samples, uint32_t frames) {
  void *outputs[1] = {samples};
  pcmio_pump_transfer(bench->pump, NULL, outputs, frames, bench->now, bench->now);
}

static void check_near(float got, double wanted) { CHECK(fabs((double)got - wanted) < 1e-6); }

static void at_one_nothing_is_touched(void) {
  rig bench;
  open_float(&bench, 1, 0);
  const uint32_t odd = 0x7fa12345u; /* a NaN with a message, which no arithmetic would leave alone */
  pcmio_block block;
  CHECK(pcmio_pump_step(bench.pump, 0, &block));
  memcpy((float *)bench.config.out_data + (size_t)block.output_slot * 32, &odd, sizeof odd);
  pcmio_pump_step(bench.pump, 1, &block);
  pcmio_pump_set_gain(bench.pump, 1.0);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  play(&bench, heard, 32);
  uint32_t got = 0;
  memcpy(&got, heard, sizeof got);
  CHECK_EQUAL(got, odd);
  rig_close(&bench);
}

static void what_is_set_before_the_start_holds_from_the_first_frame(void) {
  rig bench;
  open_float(&bench, 1, 0);
  fill(&bench, 0.5f);
  pcmio_pump_set_gain(bench.pump, 0.25);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  play(&bench, heard, 64);
  CHECK(heard[0] == 0.125f && heard[63] == 0.125f);
  rig_close(&bench);
}

static void a_change_is_spread_over_a_block_whatever_the_cycle(void) {
  static const uint32_t cycles[] = {1, 7, 32, 64};
  for (uint32_t round = 0; round < 4; round++) {
    rig bench;
    open_float(&bench, 2, 0);
    fill(&bench, 1.0f);
    pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
    play(&bench, heard, 16);
    CHECK(heard[31] == 1.0f);
    pcmio_pump_set_gain(bench.pump, 0.0);
    for (uint32_t done = 0; done < 64;) {
      uint32_t length = 64 - done < cycles[round] ? 64 - done : cycles[round];
      play(&bench, heard + (size_t)done * 2, length);
      done += length;
    }
    for (uint32_t frame = 0; frame < 64; frame++) {
      double wanted = frame < 31 ? 1.0 - (frame + 1) / 32.0 : 0.0;
      check_near(heard[(size_t)frame * 2], wanted);
      check_near(heard[(size_t)frame * 2 + 1], wanted);
    }
    CHECK(heard[62] == 0.0f && heard[127] == 0.0f); /* exactly */
    rig_close(&bench);
  }
}

static void a_change_of_mind_goes_on_from_where_it_is(void) {
  rig bench;
  open_float(&bench, 1, 0);
  fill(&bench, 1.0f);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  play(&bench, heard, 1);
  pcmio_pump_set_gain(bench.pump, 0.0);
  play(&bench, heard, 16);
  check_near(heard[15], 0.5);
  pcmio_pump_set_gain(bench.pump, 1.0);
  play(&bench, heard, 33);
  check_near(heard[0], 0.5 + 0.5 / 32);
  CHECK(heard[31] == 1.0f && heard[32] == 1.0f);
  rig_close(&bench);
}

static void a_start_after_a_pause_does_not_creep(void) {
  rig bench;
  open_float(&bench, 1, 0);
  fill(&bench, 1.0f);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  play(&bench, heard, 8);
  pcmio_pump_set_mode(bench.pump, PCMIO_IDLE);
  play(&bench, heard, 8);
  pcmio_pump_set_gain(bench.pump, 0.5);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  play(&bench, heard, 8);
  CHECK(heard[0] == 0.5f);
  rig_close(&bench);
}

static void planar_channels_go_the_same_way(void) {
  rig bench;
  pcmio_pump_config config = rig_config(&bench);
  config.out_channels = 2;
  config.out_planar = 1;
  config.out_format = PCMIO_I16;
  config.out_native_format = PCMIO_F32;
  rig_open(&bench, &config);
  pcmio_block block;
  while (pcmio_pump_step(bench.pump, 0, &block)) {
    int16_t *samples = (int16_t *)bench.config.out_data + (size_t)block.output_slot * 64;
    for (uint32_t i = 0; i < 64; i++) {
      samples[i] = i % 2 == 0 ? 16384 : -8192;
    }
    pcmio_pump_step(bench.pump, 1, &block);
  }
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  void *outputs[2] = {heard, heard + 100};
  pcmio_pump_transfer(bench.pump, NULL, outputs, 4, bench.now, bench.now);
  pcmio_pump_set_gain(bench.pump, 0.5);
  pcmio_pump_transfer(bench.pump, NULL, outputs, 40, bench.now, bench.now);
  for (uint32_t frame = 0; frame < 40; frame++) {
    double gain = frame < 31 ? 1.0 - (frame + 1) / 64.0 : 0.5;
    check_near(heard[frame], 0.5 * gain);
    check_near(heard[100 + frame], -0.25 * gain);
  }
  rig_close(&bench);
}

static void integers_are_rounded_and_clipped(void) {
  int16_t in[4] = {1000, -1001, 32767, -32768};
  int16_t out[4];
  pcmio_gain gain = {0};
  pcmio_gain_set(&gain, 0.5);
  pcmio_gain_begin(&gain);
  pcmio_gain_follow(&gain, 1);
  pcmio_gain_convert(&gain, out, PCMIO_I16, 1, in, PCMIO_I16, 1, 4, 1);
  CHECK_EQUAL(out[0], 500);
  CHECK_EQUAL(out[1], -500); /* ties to even */
  CHECK_EQUAL(out[3], -16384);
  pcmio_gain_set(&gain, 4.0);
  pcmio_gain_begin(&gain);
  pcmio_gain_follow(&gain, 1);
  pcmio_gain_convert(&gain, out, PCMIO_I16, 1, in, PCMIO_I16, 1, 4, 1);
  CHECK_EQUAL(out[0], 4000);
  CHECK_EQUAL(out[2], 32767);
  CHECK_EQUAL(out[3], -32768);
}

static void long_rows_are_scaled_piece_by_piece(void) {
  static float in[1000];
  static float out[1000];
  pcmio_gain gain = {0};
  for (uint32_t i = 0; i < 1000; i++) {
    in[i] = 1.0f;
  }
  pcmio_gain_set(&gain, 1.0);
  pcmio_gain_begin(&gain);
  pcmio_gain_follow(&gain, 1);
  pcmio_gain_set(&gain, 0.0);
  pcmio_gain_follow(&gain, 100);
  pcmio_gain_convert(&gain, out, PCMIO_F32, 1, in, PCMIO_F32, 1, 200, 5);
  for (uint32_t i = 0; i < 1000; i++) {
    uint32_t frame = i / 5;
    check_near(out[i], frame < 99 ? 1.0 - (frame + 1) / 100.0 : 0.0);
  }
  pcmio_gain_advance(&gain, 200);
  CHECK_EQUAL(gain.left, 0);
}

static void silence_is_the_format_s_own(void) {
  uint8_t in[4] = {1, 2, 3, 4};
  uint8_t out[4];
  pcmio_gain gain = {0};
  pcmio_gain_set(&gain, 0.0);
  pcmio_gain_begin(&gain);
  pcmio_gain_follow(&gain, 1);
  pcmio_gain_convert(&gain, out, PCMIO_U8, 1, in, PCMIO_U8, 1, 4, 1);
  CHECK_EQUAL(out[3], 0x80);
  pcmio_gain_convert(&gain, out, PCMIO_DSD_U8, 1, in, PCMIO_DSD_U8, 1, 4, 1);
  CHECK_EQUAL(out[3], 0x69);
  pcmio_gain_set(&gain, 0.5);
  pcmio_gain_follow(&gain, 8);
  pcmio_gain_convert(&gain, out, PCMIO_DSD_U8, 1, in, PCMIO_DSD_U8, 1, 4, 1);
  CHECK_EQUAL(out[3], 4); /* all or nothing */
}

static void inputs_are_scaled_too(void) {
  rig bench;
  open_float(&bench, 0, 1);
  pcmio_pump_set_gain(bench.pump, 0.5);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  for (uint32_t i = 0; i < 32; i++) {
    heard[i] = 0.5f;
  }
  const void *inputs[1] = {heard};
  pcmio_block block;
  pcmio_pump_transfer(bench.pump, inputs, NULL, 32, bench.now, bench.now);
  CHECK(pcmio_pump_step(bench.pump, 0, &block));
  CHECK(((float *)bench.config.in_data)[(size_t)block.input_slot * 32] == 0.25f);
  pcmio_pump_step(bench.pump, 1, &block);
  pcmio_pump_set_gain(bench.pump, 0.0);
  pcmio_pump_transfer(bench.pump, inputs, NULL, 32, bench.now, bench.now);
  CHECK(pcmio_pump_step(bench.pump, 0, &block));
  const float *slot = (float *)bench.config.in_data + (size_t)block.input_slot * 32;
  check_near(slot[15], 0.125);
  CHECK(slot[31] == 0.0f);
  rig_close(&bench);
}

int main(void) {
  RUN(at_one_nothing_is_touched);
  RUN(what_is_set_before_the_start_holds_from_the_first_frame);
  RUN(a_change_is_spread_over_a_block_whatever_the_cycle);
  RUN(a_change_of_mind_goes_on_from_where_it_is);
  RUN(a_start_after_a_pause_does_not_creep);
  RUN(planar_channels_go_the_same_way);
  RUN(integers_are_rounded_and_clipped);
  RUN(long_rows_are_scaled_piece_by_piece);
  RUN(silence_is_the_format_s_own);
  RUN(inputs_are_scaled_too);
  return 0;
}
