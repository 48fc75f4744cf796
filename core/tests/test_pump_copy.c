/* A ring without blocks: frames by the number, from and to Python's memory. */
#include "rig.h"

#include <pthread.h>

#include "pump.h"

static void frames_of_any_number_are_played_in_order(void) {
  static const uint32_t puts[] = {1, 7, 31, 32, 33, 0, 64, 96, 13};
  static const uint32_t cycles[] = {32, 5, 64, 17};
  rig bench;
  int32_t samples[128];
  int32_t next = 1;
  int32_t wanted = 1;
  rig_open_mono(&bench, 1, 0);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  for (uint32_t turn = 0; turn < 10000; turn++) {
    uint32_t frames = puts[turn % (sizeof puts / sizeof *puts)];
    for (uint32_t i = 0; i < frames; i++) {
      samples[i] = next + (int32_t)i;
    }
    uint32_t room = 128 - pcmio_pump_filled(bench.pump);
    uint32_t taken = pcmio_pump_put(bench.pump, samples, PCMIO_I32, 1, frames);
    CHECK_EQUAL(taken, frames < room ? frames : room);
    next += (int32_t)taken;
    uint32_t due = cycles[turn % (sizeof cycles / sizeof *cycles)];
    uint32_t there = pcmio_pump_filled(bench.pump);
    rig_play(&bench, samples, due);
    for (uint32_t i = 0; i < due; i++) {
      CHECK_EQUAL(samples[i], i < there ? wanted++ : 0);
    }
  }
  CHECK_EQUAL(pcmio_pump_position(bench.pump), wanted - 1);
  rig_close(&bench);
}

static void frames_are_converted_and_one_channel_goes_to_all(void) {
  rig bench;
  pcmio_pump_config config = rig_config(&bench);
  float stereo[] = {0.5F, -0.5F, 0.25F, -0.25F};
  int16_t mono[] = {1, 2};
  int32_t played[8];
  static const int32_t wanted[] = {1 << 30, -(1 << 30), 1 << 29, -(1 << 29), 1 << 16, 1 << 16, 2 << 16, 2 << 16};
  config.out_channels = 2;
  rig_open(&bench, &config);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  CHECK_EQUAL(pcmio_pump_put(bench.pump, stereo, PCMIO_F32, 2, 2), 2);
  CHECK_EQUAL(pcmio_pump_put(bench.pump, mono, PCMIO_I16, 1, 2), 2);
  CHECK_EQUAL(pcmio_pump_put(bench.pump, mono, PCMIO_I16, 3, 2), 0);
  CHECK_EQUAL(pcmio_pump_get(bench.pump, played, 2), 0);
  rig_play(&bench, played, 4);
  for (uint32_t i = 0; i < 8; i++) {
    CHECK_EQUAL(played[i], wanted[i]);
  }
  rig_close(&bench);
}

static void captured_frames_are_taken_by_the_number(void) {
  rig bench;
  int32_t samples[256];
  int32_t captured = 1;
  int32_t wanted = 1;
  rig_open_mono(&bench, 0, 1);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  for (uint32_t turn = 0; turn < 10000; turn++) {
    uint32_t frames = turn * 7 % 41;
    rig_capture(&bench, captured, frames);
    captured += (int32_t)frames;
    uint32_t there = pcmio_pump_filled(bench.pump);
    uint32_t taken = pcmio_pump_get(bench.pump, samples, 37);
    CHECK_EQUAL(taken, there < 37 ? there : 37);
    for (uint32_t i = 0; i < taken; i++) {
      CHECK_EQUAL(samples[i], wanted++);
    }
  }
  CHECK_EQUAL(rig_stats(&bench).xruns, 0);
  CHECK_EQUAL(pcmio_pump_put(bench.pump, samples, PCMIO_I32, 1, 1), 0);
  rig_close(&bench);
}

static void a_cycle_wakes_python_for_as_many_frames_as_it_wants(void) {
  rig bench;
  int32_t samples[128] = {0};
  rig_open_mono(&bench, 1, 0);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  CHECK_EQUAL(pcmio_pump_put(bench.pump, samples, PCMIO_I32, 1, 128), 128);
  pcmio_pump_want(bench.pump, UINT32_MAX);
  rig_play(&bench, samples, 40);
  CHECK_EQUAL(atomic_load(&bench.wakes), 0);
  pcmio_pump_want(bench.pump, 50);
  rig_play(&bench, samples, 9);
  CHECK_EQUAL(atomic_load(&bench.wakes), 0);
  rig_play(&bench, samples, 1);
  CHECK_EQUAL(atomic_load(&bench.wakes), 1);
  rig_play(&bench, samples, 1); /* which has not looked yet */
  CHECK_EQUAL(atomic_load(&bench.wakes), 1);
  pcmio_pump_awake(bench.pump);
  rig_play(&bench, samples, 1);
  CHECK_EQUAL(atomic_load(&bench.wakes), 2);
  rig_close(&bench);

  rig_open_mono(&bench, 0, 1);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  pcmio_pump_want(bench.pump, 50);
  rig_capture(&bench, 1, 49);
  CHECK_EQUAL(atomic_load(&bench.wakes), 0);
  rig_capture(&bench, 50, 1);
  CHECK_EQUAL(atomic_load(&bench.wakes), 1);
  rig_close(&bench);
}

static pcmio_outlook outlook(const rig *bench) {
  pcmio_outlook found;
  pcmio_pump_outlook(bench->pump, &found);
  return found;
}

static void what_becomes_of_the_next_frame_is_told(void) {
  rig bench;
  int32_t samples[128] = {0};
  rig_open_mono(&bench, 1, 0);
  CHECK_EQUAL(pcmio_pump_put(bench.pump, samples, PCMIO_I32, 1, 100), 100);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  CHECK_EQUAL(outlook(&bench).due_nanos, 0);
  CHECK_EQUAL(outlook(&bench).filled, 100);
  uint64_t heard = bench.now + 1000000;
  rig_play(&bench, samples, 40);
  CHECK_EQUAL(outlook(&bench).filled, 60);
  CHECK_EQUAL(outlook(&bench).due_nanos, heard + (uint64_t)100 * 1000000000 / RIG_RATE);
  CHECK_EQUAL(pcmio_pump_put(bench.pump, samples, PCMIO_I32, 1, 12), 12);
  CHECK_EQUAL(outlook(&bench).due_nanos, heard + (uint64_t)112 * 1000000000 / RIG_RATE);
  rig_play(&bench, samples, 80);
  CHECK_EQUAL(outlook(&bench).xrun_frames, 8);
  CHECK_EQUAL(outlook(&bench).gap_frames, 8);
  pcmio_pump_lost(bench.pump, 0, 5); /* that the ring gave */
  CHECK_EQUAL(outlook(&bench).xrun_frames, 13);
  CHECK_EQUAL(outlook(&bench).gap_frames, 8);
  pcmio_pump_set_mode(bench.pump, PCMIO_IDLE);
  CHECK_EQUAL(outlook(&bench).due_nanos, 0);
  rig_close(&bench);
}

/* --- beside an audio thread --------------------------------------------------------------------------------------- */

#define FRAMES 1000000

static void *play_all(void *argument) {
  rig *bench = argument;
  int32_t samples[48];
  int32_t wanted = 1;
  while (wanted <= FRAMES) {
    rig_play(bench, samples, 48);
    for (uint32_t i = 0; i < 48; i++) {
      if (samples[i] != 0) {
        CHECK_EQUAL(samples[i], wanted++);
      }
    }
  }
  return NULL;
}

static void an_audio_thread_plays_what_is_put_meanwhile(void) {
  rig bench;
  pthread_t thread;
  int32_t samples[77];
  rig_open_mono(&bench, 1, 0);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  CHECK_EQUAL(pthread_create(&thread, NULL, play_all, &bench), 0);
  for (int32_t next = 1; next <= FRAMES;) {
    uint32_t frames = FRAMES - next + 1 < 77 ? (uint32_t)(FRAMES - next + 1) : 77;
    for (uint32_t i = 0; i < frames; i++) {
      samples[i] = next + (int32_t)i;
    }
    next += (int32_t)pcmio_pump_put(bench.pump, samples, PCMIO_I32, 1, frames);
  }
  CHECK_EQUAL(pthread_join(thread, NULL), 0);
  CHECK_EQUAL(pcmio_pump_position(bench.pump), FRAMES);
  rig_close(&bench);
}

int main(void) {
  RUN(frames_of_any_number_are_played_in_order);
  RUN(frames_are_converted_and_one_channel_goes_to_all);
  RUN(captured_frames_are_taken_by_the_number);
  RUN(a_cycle_wakes_python_for_as_many_frames_as_it_wants);
  RUN(what_becomes_of_the_next_frame_is_told);
  RUN(an_audio_thread_plays_what_is_put_meanwhile);
  return 0;
}
