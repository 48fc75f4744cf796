/* The device without hardware, cycled by hand. */
#include <math.h>
#include <string.h>

#include "null_rig.h"

static void set_output(rig *bench, const void *frames) {
  pcmio_block block;
  CHECK(pcmio_pump_step(bench->pump, 0, &block));
  size_t bytes = (size_t)32 * bench->config.out_channels * pcmio_format_bytes(bench->config.out_format);
  memcpy((uint8_t *)bench->config.out_data + block.output_slot * bytes, frames, bytes);
  pcmio_pump_step(bench->pump, 1, &(pcmio_block){0});
}

/* The next block recorded; it stays as it is for three more. */
static const void *get_input(rig *bench) {
  pcmio_block block;
  CHECK(pcmio_pump_step(bench->pump, 0, &block));
  size_t bytes = (size_t)32 * bench->config.in_channels * pcmio_format_bytes(bench->config.in_format);
  const uint8_t *frames = (const uint8_t *)bench->config.in_data + block.input_slot * bytes;
  pcmio_pump_step(bench->pump, 1, &(pcmio_block){0});
  return frames;
}

/* --- making ---------------------------------------------------------------------------------------------------------
 */

static bool is_accepted(const pcmio_null_config *config) {
  pcmio_null_device *device = pcmio_null_new(config);
  pcmio_null_free(device);
  return device != NULL;
}

#define WITHOUT(change)                                                                                                \
  do {                                                                                                                 \
    pcmio_null_config config = good;                                                                                   \
    config.change;                                                                                                     \
    CHECK(!is_accepted(&config));                                                                                      \
  } while (0)

static void configs_that_cannot_be_served_are_refused(void) {
  pcmio_null_config good = loopback_config(2, PCMIO_DSD_U8);
  CHECK(is_accepted(&good));
  WITHOUT(kind = PCMIO_NULL_LOOPBACK + 1);
  WITHOUT(kind = PCMIO_NULL_TONE); /* one-bit samples make no sine */
  WITHOUT(rate = 0);
  WITHOUT(speed = 0.0);
  WITHOUT(speed = 2.1);
  WITHOUT(channels = 0);
  WITHOUT(channels = 65);
  WITHOUT(format = PCMIO_FORMATS);
  WITHOUT(period_frames = 0);
  WITHOUT(period_frames = PCMIO_NULL_CYCLE_FRAMES + 1);
  WITHOUT(sizes_count = 17);
  WITHOUT(sizes_count = 3); /* cycles that never take time */
  good.sizes_count = 2;
  good.sizes[1] = PCMIO_NULL_CYCLE_FRAMES;
  good.period_frames = 0; /* of no interest then */
  CHECK(is_accepted(&good));
  WITHOUT(sizes[0] = PCMIO_NULL_CYCLE_FRAMES + 1);
}

static bool is_attachable(pcmio_null_device *device, uint32_t channels, uint32_t native_format, uint32_t planar) {
  rig bench;
  pcmio_pump_config config = rig_config(&bench);
  config.in_channels = 2;
  config.in_native_format = native_format;
  config.in_planar = planar;
  rig_open(&bench, &config);
  bool attached = pcmio_null_attach(device, bench.pump, channels) == 0;
  CHECK_EQUAL(pcmio_pump_latency(bench.pump), attached ? MILLISECOND : 0);
  detach(device, &bench);
  return attached;
}

static void only_fitting_pumps_are_attached(void) {
  pcmio_null_config config = loopback_config(1, PCMIO_I16);
  pcmio_null_device *device = open_device(&config);
  CHECK(is_attachable(device, 2, PCMIO_I16, 0));
  CHECK(!is_attachable(device, 1, PCMIO_I16, 0));
  CHECK(!is_attachable(device, 2, PCMIO_I32, 0));
  CHECK(!is_attachable(device, 2, PCMIO_I16 | PCMIO_SWAPPED, 0));
  CHECK(!is_attachable(device, 2, PCMIO_I16, 1));
  pcmio_null_free(device);
  pcmio_null_free(NULL);
}

static void a_device_has_room_for_256_streams(void) {
  pcmio_null_config config = loopback_config(1, PCMIO_I32);
  pcmio_null_device *device = open_device(&config);
  static rig benches[257];
  for (uint32_t i = 0; i < 257; i++) {
    rig_open_mono(&benches[i], 1, 0);
    CHECK_EQUAL(pcmio_null_attach(device, benches[i].pump, 1), i < 256 ? 0 : -1);
  }
  pcmio_null_cycle(device, 32, 0);
  for (uint32_t i = 0; i < 257; i++) {
    CHECK_EQUAL(rig_stats(&benches[i]).cycles, i < 256 ? 1 : 0);
    detach(device, &benches[i]);
  }
  pcmio_null_free(device);
}

/* --- what is heard ---------------------------------------------------------------------------------------------------
 */

static void loop_back(uint32_t format) {
  pcmio_null_config config = loopback_config(2, format);
  pcmio_null_device *device = open_device(&config);
  rig out;
  rig in;
  uint8_t frames[4][32 * 2 * 8];
  uint32_t random = format + 1;
  attach(device, &in, 0, 2, format);
  attach(device, &out, 2, 0, format);
  size_t bytes = (size_t)64 * pcmio_format_bytes(format);
  for (uint32_t round = 0; round < 100; round++) {
    for (size_t i = 0; i < sizeof frames; i++) {
      ((uint8_t *)frames)[i] = (uint8_t)next_random(&random);
    }
    for (uint32_t i = 0; i < 4; i++) {
      set_output(&out, frames[i]);
    }
    for (uint32_t cycle = 0; cycle < 128; cycle += 43) {
      pcmio_null_cycle(device, cycle < 86 ? 43 : 42, 0); /* blocks are of other sizes than cycles */
    }
    for (uint32_t i = 0; i < 4; i++) {
      CHECK(memcmp(get_input(&in), frames[i], bytes) == 0);
    }
  }
  detach(device, &out);
  detach(device, &in);
  pcmio_null_free(device);
}

static void a_loopback_is_exact_to_the_bit_in_every_format(void) {
  for (uint32_t format = 0; format < PCMIO_FORMATS; format++) {
    loop_back(format);
    loop_back(format | PCMIO_SWAPPED);
  }
}

static void two_outputs_are_added_and_clipped(void) {
  pcmio_null_config config = loopback_config(1, PCMIO_I16);
  pcmio_null_device *device = open_device(&config);
  rig out[3];
  rig in;
  int16_t frames[32] = {0};
  attach(device, &in, 0, 1, PCMIO_I16);
  for (int16_t i = 0; i < 3; i++) {
    attach(device, &out[i], 1, 0, PCMIO_I16);
    frames[0] = 100;
    frames[1] = (int16_t)(i + 1);
    frames[2] = 30000;
    frames[3] = -30000;
    frames[4] = i == 1 ? -5 : 0;
    set_output(&out[i], frames);
  }
  pcmio_null_cycle(device, 32, 0);
  const int16_t *heard = get_input(&in);
  CHECK_EQUAL(heard[0], 300);
  CHECK_EQUAL(heard[1], 6);
  CHECK_EQUAL(heard[2], 32767);
  CHECK_EQUAL(heard[3], -32768);
  CHECK_EQUAL(heard[4], -5);
  CHECK_EQUAL(heard[5], 0);
  for (uint32_t i = 0; i < 3; i++) {
    detach(device, &out[i]);
  }
  detach(device, &in);
  pcmio_null_free(device);
}

static void dsd_cannot_be_added_so_the_last_output_wins(void) {
  pcmio_null_config config = loopback_config(1, PCMIO_DSD_U16);
  pcmio_null_device *device = open_device(&config);
  rig out[2];
  rig in;
  uint16_t frames[32];
  attach(device, &in, 0, 1, PCMIO_DSD_U16);
  for (uint16_t i = 0; i < 2; i++) {
    attach(device, &out[i], 1, 0, PCMIO_DSD_U16);
    for (uint16_t frame = 0; frame < 32; frame++) {
      frames[frame] = (uint16_t)(i * 1000 + frame);
    }
    set_output(&out[i], frames);
  }
  pcmio_null_cycle(device, 32, 0);
  CHECK(memcmp(get_input(&in), frames, sizeof frames) == 0);
  pcmio_null_cycle(device, 32, 0); /* no more frames: DSD's own silence */
  CHECK_EQUAL(((const uint16_t *)get_input(&in))[31], 0x6969);
  detach(device, &out[0]);
  detach(device, &out[1]);
  detach(device, &in);
  pcmio_null_free(device);
}

static void channels_meet_by_their_number(void) {
  pcmio_null_config config = loopback_config(2, PCMIO_U8);
  pcmio_null_device *device = open_device(&config);
  rig mono;
  rig wide;
  rig in;
  uint8_t frames[32 * 3];
  attach(device, &mono, 1, 0, PCMIO_U8);
  attach(device, &wide, 3, 0, PCMIO_U8);
  attach(device, &in, 0, 3, PCMIO_U8);
  memset(frames, 0x80 + 1, sizeof frames);
  set_output(&mono, frames);
  for (uint32_t i = 0; i < sizeof frames; i++) {
    frames[i] = (uint8_t)(0x80 + 10 * (i % 3 + 1));
  }
  set_output(&wide, frames);
  pcmio_null_cycle(device, 32, 0);
  const uint8_t *heard = get_input(&in);
  for (size_t i = 0; i < 32; i++) {
    CHECK_EQUAL(heard[i * 3], 0x80 + 11);
    CHECK_EQUAL(heard[i * 3 + 1], 0x80 + 20);
    CHECK_EQUAL(heard[i * 3 + 2], 0x80); /* the bus has only two */
  }
  detach(device, &mono);
  detach(device, &wide);
  detach(device, &in);
  pcmio_null_free(device);
}

static void an_input_of_a_device_that_hears_nothing_is_silent(void) {
  for (uint32_t kind = PCMIO_NULL_SINK; kind <= PCMIO_NULL_LOOPBACK; kind++) {
    pcmio_null_config config = loopback_config(1, PCMIO_I32);
    config.kind = kind;
    pcmio_null_device *device = open_device(&config);
    rig out;
    rig in;
    int32_t frames[32];
    memset(frames, 0x11, sizeof frames);
    attach(device, &in, 0, 1, PCMIO_I32);
    if (kind != PCMIO_NULL_LOOPBACK) { /* whose outputs are all that it hears */
      attach(device, &out, 1, 0, PCMIO_I32);
      set_output(&out, frames);
    }
    pcmio_null_cycle(device, 32, 0);
    CHECK_EQUAL(((const int32_t *)get_input(&in))[0], 0);
    if (kind != PCMIO_NULL_LOOPBACK) {
      CHECK_EQUAL(pcmio_pump_position(out.pump), 32);
      detach(device, &out);
    }
    detach(device, &in);
    pcmio_null_free(device);
  }
}

static void a_tone_is_a_sine_and_stays_one(void) {
  const double angle = 2 * acos(-1.0) * 1000 / RIG_RATE;
  pcmio_null_config config = loopback_config(2, PCMIO_F64);
  config.kind = PCMIO_NULL_TONE;
  config.tone_cosine = cos(angle);
  config.tone_sine = sin(angle);
  pcmio_null_device *device = open_device(&config);
  rig in;
  attach(device, &in, 0, 2, PCMIO_F64);
  for (uint32_t block = 0; block < 3000; block++) { /* two seconds */
    pcmio_null_cycle(device, 32, 0);
    const double *heard = get_input(&in);
    for (size_t i = 0; i < 32; i++) {
      double wanted = 0.5 * sin(fmod(block * 32.0 + (double)i, 48) * angle);
      CHECK(fabs(heard[i * 2] - wanted) < 1e-9);
      CHECK(heard[i * 2] == heard[i * 2 + 1]);
    }
  }
  detach(device, &in);
  pcmio_null_free(device);
}

static void a_duplex_stream_hears_itself(void) {
  pcmio_null_config config = loopback_config(1, PCMIO_I32);
  pcmio_null_device *device = open_device(&config);
  rig both;
  attach(device, &both, 1, 1, PCMIO_I32);
  pcmio_null_cycle(device, 32, 0); /* a block needs input first */
  int32_t frames[32];
  for (int32_t i = 0; i < 32; i++) {
    frames[i] = i + 1;
  }
  set_output(&both, frames); /* takes the silence, and gives this */
  pcmio_null_cycle(device, 32, 0);
  CHECK(memcmp(get_input(&both), frames, sizeof frames) == 0);
  CHECK_EQUAL(rig_stats(&both).cycles, 2);
  detach(device, &both);
  pcmio_null_free(device);
}

/* --- time and misfortune
 * ---------------------------------------------------------------------------------------------- */

static void a_cycle_s_instant_is_between_what_is_captured_and_what_is_heard(void) {
  pcmio_null_config config = loopback_config(1, PCMIO_I32);
  pcmio_null_device *device = open_device(&config);
  rig out;
  rig in;
  pcmio_block block;
  attach(device, &out, 1, 0, PCMIO_I32);
  attach(device, &in, 0, 1, PCMIO_I32);
  pcmio_null_cycle(device, 32, 500);
  CHECK(pcmio_pump_step(in.pump, 0, &block));
  CHECK_EQUAL(block.input_nanos, 0); /* not before time began */
  pcmio_pump_step(in.pump, 1, &block);
  pcmio_null_cycle(device, 32, SECOND);
  CHECK(pcmio_pump_step(in.pump, 0, &block));
  CHECK_EQUAL(block.input_nanos, SECOND - MILLISECOND);
  CHECK(pcmio_pump_step(out.pump, 0, &block));
  CHECK_EQUAL(block.output_nanos, SECOND + MILLISECOND + 666667); /* after the gap of 32 frames */
  detach(device, &out);
  detach(device, &in);
  pcmio_null_free(device);
}

static void a_long_cycle_is_made_of_shorter_ones(void) {
  pcmio_null_config config = loopback_config(1, PCMIO_I32);
  pcmio_null_device *device = open_device(&config);
  rig out;
  attach(device, &out, 1, 0, PCMIO_I32);
  pcmio_null_cycle(device, 2 * PCMIO_NULL_CYCLE_FRAMES + 1, 0);
  CHECK_EQUAL(rig_stats(&out).cycles, 3);
  CHECK_EQUAL(rig_stats(&out).output_xrun_frames, 2 * PCMIO_NULL_CYCLE_FRAMES + 1);
  pcmio_null_cycle(device, 0, 0);
  CHECK_EQUAL(rig_stats(&out).cycles, 4);
  detach(device, &out);
  pcmio_null_free(device);
}

static void frames_passed_over_are_reported_to_every_stream(void) {
  pcmio_null_config config = loopback_config(1, PCMIO_I32);
  pcmio_null_device *device = open_device(&config);
  rig out;
  rig in;
  attach(device, &out, 1, 0, PCMIO_I32);
  attach(device, &in, 0, 1, PCMIO_I32);
  rig_fill(&out, 1);
  pcmio_null_skip(device, 70);
  pcmio_null_skip(device, 7);
  CHECK_EQUAL(rig_stats(&in).xruns, 0);
  pcmio_null_cycle(device, 32, 0);
  pcmio_null_cycle(device, 32, 0);
  CHECK_EQUAL(rig_stats(&out).xruns, 1);
  CHECK_EQUAL(rig_stats(&out).output_xrun_frames, 77);
  CHECK_EQUAL(rig_stats(&in).xruns, 1);
  CHECK_EQUAL(rig_stats(&in).input_xrun_frames, 77);
  CHECK_EQUAL(((const int32_t *)get_input(&in))[0], 1); /* nothing of the ring is passed over */
  detach(device, &out);
  detach(device, &in);
  pcmio_null_free(device);
}

static void a_device_s_news_reaches_every_stream(void) {
  pcmio_null_config config = loopback_config(1, PCMIO_I32);
  pcmio_null_device *device = open_device(&config);
  rig benches[2];
  pcmio_note note;
  attach(device, &benches[0], 1, 0, PCMIO_I32);
  attach(device, &benches[1], 0, 1, PCMIO_I32);
  pcmio_null_tell(device, PCMIO_NOTE_RATE_CHANGED, -3, 44100);
  for (uint32_t i = 0; i < 2; i++) {
    CHECK(pcmio_pump_take_note(benches[i].pump, &note));
    CHECK_EQUAL(note.kind, PCMIO_NOTE_RATE_CHANGED);
    CHECK_EQUAL(note.code, -3);
    CHECK_EQUAL(note.value, 44100);
    CHECK_EQUAL(benches[i].wakes, 1);
    detach(device, &benches[i]);
  }
  pcmio_null_free(device);
}

int main(void) {
  RUN(configs_that_cannot_be_served_are_refused);
  RUN(only_fitting_pumps_are_attached);
  RUN(a_device_has_room_for_256_streams);
  RUN(a_loopback_is_exact_to_the_bit_in_every_format);
  RUN(two_outputs_are_added_and_clipped);
  RUN(dsd_cannot_be_added_so_the_last_output_wins);
  RUN(channels_meet_by_their_number);
  RUN(an_input_of_a_device_that_hears_nothing_is_silent);
  RUN(a_tone_is_a_sine_and_stays_one);
  RUN(a_duplex_stream_hears_itself);
  RUN(a_cycle_s_instant_is_between_what_is_captured_and_what_is_heard);
  RUN(a_long_cycle_is_made_of_shorter_ones);
  RUN(frames_passed_over_are_reported_to_every_stream);
  RUN(a_device_s_news_reaches_every_stream);
  return 0;
}
