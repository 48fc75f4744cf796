/* A pump whose frames are some of the device's channels, in an order of their own. */
#include <string.h>

#include "rig.h"

#define FRAMES 16u
#define DEVICE 4u

static void open_output(rig *bench, const uint32_t *chosen, uint32_t channels, bool planar) {
  pcmio_pump_config config = rig_config(bench);
  config.out_channels = channels;
  config.out_chosen = chosen;
  config.out_device_channels = DEVICE;
  config.out_planar = planar ? 1 : 0;
  rig_open(bench, &config);
}

static void open_input(rig *bench, const uint32_t *chosen, uint32_t channels, bool planar) {
  pcmio_pump_config config = rig_config(bench);
  config.in_channels = channels;
  config.in_chosen = chosen;
  config.in_device_channels = DEVICE;
  config.in_planar = planar ? 1 : 0;
  rig_open(bench, &config);
}

/* Frame n is n * 10 and, beside it, n * 10 + 1. */
static void fill_pairs(rig *bench) {
  pcmio_block block;
  int32_t number = 1;
  CHECK(pcmio_pump_step(bench->pump, 0, &block));
  int32_t *slot = (int32_t *)bench->config.out_data;
  for (size_t i = 0; i < bench->config.slot_frames; i++, number++) {
    slot[2 * i] = number * 10;
    slot[2 * i + 1] = number * 10 + 1;
  }
  pcmio_pump_step(bench->pump, 1, &block);
}

static void check_pairs(const int32_t *const planes[DEVICE], size_t step, uint32_t from, uint32_t to, int32_t first) {
  for (size_t i = from; i < to; i++) {
    int32_t number = first + (int32_t)(i - from);
    CHECK_EQUAL(planes[0][i * step], 0);
    CHECK_EQUAL(planes[1][i * step], number * 10 + 1);
    CHECK_EQUAL(planes[2][i * step], 0);
    CHECK_EQUAL(planes[3][i * step], number * 10);
  }
}

static void output_goes_to_the_chosen_channels_and_the_others_are_silent(void) {
  static const uint32_t chosen[2] = {3, 1};
  for (uint32_t planar = 0; planar < 2; planar++) {
    rig bench;
    int32_t heard[DEVICE * 48];
    int32_t *buffers[DEVICE];
    size_t step = planar != 0 ? 1 : DEVICE;
    open_output(&bench, chosen, 2, planar != 0);
    fill_pairs(&bench);
    pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
    for (size_t channel = 0; channel < DEVICE; channel++) {
      buffers[channel] = heard + (planar != 0 ? channel * 48 : channel);
    }
    const int32_t *const planes[DEVICE] = {buffers[0], buffers[1], buffers[2], buffers[3]};
    memset(heard, 0x55, sizeof heard);
    pcmio_pump_transfer(bench.pump, NULL, (void *const *)buffers, 7, bench.now, bench.now);
    check_pairs(planes, step, 0, 7, 1);
    memset(heard, 0x55, sizeof heard);
    pcmio_pump_transfer(bench.pump, NULL, (void *const *)buffers, 48, bench.now, bench.now); /* more than there is */
    check_pairs(planes, step, 0, 25, 8);
    for (size_t i = 25; i < 48; i++) {
      for (size_t channel = 0; channel < DEVICE; channel++) {
        CHECK_EQUAL(planes[channel][i * step], 0);
      }
    }
    rig_close(&bench);
  }
}

static void input_takes_the_chosen_channels_in_their_order_also_twice(void) {
  static const uint32_t chosen[3] = {2, 0, 2};
  for (uint32_t planar = 0; planar < 2; planar++) {
    rig bench;
    pcmio_block block;
    int32_t said[DEVICE * 32];
    const void *buffers[DEVICE];
    open_input(&bench, chosen, 3, planar != 0);
    for (size_t channel = 0; channel < DEVICE; channel++) {
      buffers[channel] = said + (planar != 0 ? channel * 32 : channel);
      for (size_t i = 0; i < 32; i++) {
        said[planar != 0 ? channel * 32 + i : i * DEVICE + channel] = (int32_t)(i * 10 + channel);
      }
    }
    pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
    pcmio_pump_transfer(bench.pump, buffers, NULL, 32, bench.now, bench.now);
    CHECK(pcmio_pump_step(bench.pump, 0, &block));
    const int32_t *slot = (const int32_t *)bench.config.in_data;
    for (size_t i = 0; i < 32; i++) {
      CHECK_EQUAL(slot[3 * i], i * 10 + 2);
      CHECK_EQUAL(slot[3 * i + 1], i * 10);
      CHECK_EQUAL(slot[3 * i + 2], i * 10 + 2);
    }
    rig_close(&bench);
  }
}

static void an_idle_pump_silences_every_channel_of_the_device(void) {
  static const uint32_t chosen[1] = {2};
  rig bench;
  int32_t heard[DEVICE * FRAMES];
  void *outputs[1] = {heard};
  open_output(&bench, chosen, 1, false);
  memset(heard, 0x55, sizeof heard);
  pcmio_pump_transfer(bench.pump, NULL, outputs, FRAMES, bench.now, bench.now);
  for (size_t i = 0; i < (size_t)DEVICE * FRAMES; i++) {
    CHECK_EQUAL(heard[i], 0);
  }
  rig_close(&bench);
}

static void choices_that_cannot_be_served_make_no_pump(void) {
  static const uint32_t beyond[2] = {1, DEVICE};
  static const uint32_t twice[2] = {1, 1};
  rig bench;
  int32_t data[4 * 32 * 2];
  pcmio_pump_config config = rig_config(&bench);
  config.out_channels = config.in_channels = 2;
  config.out_data = config.in_data = data;
  config.out_device_channels = config.in_device_channels = DEVICE;
  bench.now = RIG_START_NANOS;
  config.out_chosen = beyond;
  CHECK(pcmio_pump_new(&config) == NULL);
  config.out_chosen = twice;
  CHECK(pcmio_pump_new(&config) == NULL);
  config.out_chosen = NULL;
  config.in_chosen = beyond;
  CHECK(pcmio_pump_new(&config) == NULL);
  config.in_chosen = twice;
  pcmio_pump *pump = pcmio_pump_new(&config);
  CHECK(pump != NULL);
  pcmio_pump_free(pump);
}

int main(void) {
  RUN(output_goes_to_the_chosen_channels_and_the_others_are_silent);
  RUN(input_takes_the_chosen_channels_in_their_order_also_twice);
  RUN(an_idle_pump_silences_every_channel_of_the_device);
  RUN(choices_that_cannot_be_served_make_no_pump);
  return 0;
}
