/* A pump's making and unmaking, and two threads that share one. */
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "rig.h"

#define BLOCKS 20000u
#define TURNS 3000u
#define PATIENCE_NANOS 20000000000 /* for another thread, on a busy machine under a sanitizer */

/* --- making --------------------------------------------------------------------------------------------------------
 */

static uint64_t ticks(void) { return 123; }

static bool is_accepted(const pcmio_pump_config *config) {
  pcmio_pump *pump = pcmio_pump_new(config);
  pcmio_pump_free(pump);
  return pump != NULL;
}

#define WITHOUT(change)                                                                                                \
  do {                                                                                                                 \
    pcmio_pump_config config = good;                                                                                   \
    config.change;                                                                                                     \
    CHECK(!is_accepted(&config));                                                                                      \
  } while (0)

static void configs_that_cannot_be_served_are_refused(void) {
  rig bench = {0};
  int32_t memory[128 * 2];
  pcmio_pump_config good = rig_config(&bench);
  good.out_channels = good.in_channels = 1;
  good.out_data = memory;
  good.in_data = memory + 128;
  CHECK(is_accepted(&good));
  WITHOUT(rate = 0);
  WITHOUT(slot_frames = 0);
  WITHOUT(slots = 0);
  WITHOUT(slots = UINT32_MAX);
  WITHOUT(clock_cell = NULL);
  WITHOUT(clock = ticks); /* of how long? */
  WITHOUT(wake = NULL);
  WITHOUT(out_data = NULL);
  WITHOUT(in_data = NULL);
  WITHOUT(out_format = PCMIO_DSD_U8);
  WITHOUT(in_native_format = PCMIO_DSD_U8);
  WITHOUT(out_native_format = PCMIO_FORMATS);
  good.out_channels = 0;
  CHECK(is_accepted(&good));
  WITHOUT(in_channels = 0);
}

static void time_is_a_function_s_ticks_or_a_cell_s_nanoseconds(void) {
  rig bench;
  pcmio_pump_config config = rig_config(&bench);
  config.out_channels = 1;
  rig_open(&bench, &config);
  CHECK_EQUAL(pcmio_pump_now(bench.pump), RIG_START_NANOS);
  bench.now = 77;
  CHECK_EQUAL(pcmio_pump_now(bench.pump), 77);
  rig_close(&bench);
  config.clock = ticks;
  config.clock_nanos = 1000;
  rig_open(&bench, &config);
  CHECK_EQUAL(pcmio_pump_now(bench.pump), 123000);
  rig_close(&bench);
}

static void notes_are_kept_and_dropped_ones_counted(void) {
  rig bench;
  pcmio_note note;
  rig_open_mono(&bench, 1, 0);
  for (int32_t i = 0; i < 70; i++) {
    pcmio_pump_note(bench.pump, PCMIO_NOTE_OPERATION, -i, (uint64_t)i);
  }
  for (int32_t i = 0; i < 64; i++) {
    CHECK_EQUAL(pcmio_pump_take_note(bench.pump, &note), 1);
    CHECK_EQUAL(note.kind, PCMIO_NOTE_OPERATION);
    CHECK_EQUAL(note.code, -i);
    CHECK_EQUAL(note.value, i);
  }
  CHECK_EQUAL(pcmio_pump_take_note(bench.pump, &note), 0);
  CHECK_EQUAL(rig_stats(&bench).notes_dropped, 6);
  CHECK_EQUAL(bench.wakes, 70);
  rig_close(&bench);
}

/* --- settling -------------------------------------------------------------------------------------------------------
 */

static _Atomic bool held;
static _Atomic bool let_go;

static void hold(void *argument) {
  (void)argument;
  atomic_store(&held, true);
  while (!atomic_load(&let_go)) {
    sched_yield();
  }
}

static void *one_cycle(void *argument) {
  static int32_t heard[32];
  rig_play(argument, heard, 32);
  return NULL;
}

static void settling_waits_for_the_cycle_under_way(void) {
  rig bench;
  pthread_t audio;
  pcmio_pump_config config = rig_config(&bench);
  config.out_channels = 1;
  config.wake = hold; /* inside the cycle */
  rig_open(&bench, &config);
  CHECK_EQUAL(pcmio_pump_settle(bench.pump, 0), 0);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  CHECK_EQUAL(pthread_create(&audio, NULL, one_cycle, &bench), 0);
  while (!atomic_load(&held)) {
    sched_yield();
  }
  pcmio_pump_set_mode(bench.pump, PCMIO_IDLE);
  CHECK_EQUAL(pcmio_pump_settle(bench.pump, 0), -1);
  CHECK_EQUAL(pcmio_pump_settle(bench.pump, -1), -1);
  uint64_t begin = pcmio_clock_nanos();
  CHECK_EQUAL(pcmio_pump_settle(bench.pump, 20000000), -1);
  CHECK(pcmio_clock_nanos() - begin >= 20000000);
  atomic_store(&let_go, true);
  CHECK_EQUAL(pcmio_pump_settle(bench.pump, PATIENCE_NANOS), 0);
  CHECK_EQUAL(pthread_join(audio, NULL), 0);
  rig_close(&bench);
}

static _Atomic bool stop;

static void *cycle_until_stopped(void *argument) {
  rig *bench = argument;
  int32_t heard[64];
  int32_t said[64] = {0};
  const void *inputs[1] = {said};
  void *outputs[1] = {heard};
  uint32_t random = 5;
  while (!atomic_load(&stop)) {
    pcmio_pump_transfer(bench->pump, inputs, outputs, next_random(&random) % 65, 0, 0);
  }
  return NULL;
}

/* A data race, or a slot that begins anywhere but at its begin, if settling did not mean what it says. */
static void rings_may_be_emptied_beside_a_running_device(void) {
  rig bench;
  pcmio_block block;
  pthread_t audio;
  rig_open_mono(&bench, 1, 1);
  CHECK_EQUAL(pthread_create(&audio, NULL, cycle_until_stopped, &bench), 0);
  for (uint32_t turn = 0; turn < TURNS; turn++) {
    pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
    if (pcmio_pump_step(bench.pump, 0, &block)) {
      memset(rig_out_slot(&bench, &block), (int)(turn % 100), 32 * sizeof(int32_t));
      pcmio_pump_step(bench.pump, 1, &block);
    }
    pcmio_pump_set_mode(bench.pump, turn % 3 == 0 ? PCMIO_DRAINING : PCMIO_IDLE);
    pcmio_pump_set_mode(bench.pump, PCMIO_IDLE);
    CHECK_EQUAL(pcmio_pump_settle(bench.pump, PATIENCE_NANOS), 0);
    uint64_t position = pcmio_pump_position(bench.pump);
    memset(bench.config.out_data, 0x55, 128 * sizeof(int32_t)); /* whatever lies there is ours now */
    memset(bench.config.in_data, 0x55, 128 * sizeof(int32_t));
    if (turn % 2 == 0) {
      pcmio_pump_reset(bench.pump);
      CHECK_EQUAL(pcmio_pump_filled(bench.pump), 0);
    } else {
      pcmio_pump_flush_input(bench.pump);
    }
    CHECK_EQUAL(pcmio_pump_position(bench.pump), position);
  }
  atomic_store(&stop, true);
  CHECK_EQUAL(pthread_join(audio, NULL), 0);
  rig_close(&bench);
}

/* --- a stream --------------------------------------------------------------------------------------------------------
 */

/* The device moves only what is there, so that no gap hides a wake-up that was lost: both sides would wait for ever. */
static void *play_what_is_there(void *argument) {
  rig *bench = argument;
  int32_t heard[160];
  uint32_t random = 9;
  for (int32_t wanted = 1; wanted <= (int32_t)(BLOCKS * 32);) {
    uint32_t frames = next_random(&random) % 160;
    uint32_t ready = pcmio_pump_filled(bench->pump);
    frames = frames < ready ? frames : ready;
    void *outputs[1] = {heard};
    pcmio_pump_transfer(bench->pump, NULL, outputs, frames, 0, 0);
    for (uint32_t i = 0; i < frames; i++) {
      CHECK_EQUAL(heard[i], wanted++);
    }
    if (frames == 0) {
      sched_yield();
    }
  }
  return NULL;
}

static void *capture_what_fits(void *argument) {
  rig *bench = argument;
  uint32_t random = 9;
  for (int32_t next = 1; next <= (int32_t)(BLOCKS * 32);) {
    uint32_t frames = next_random(&random) % 128;
    uint32_t room = 128 - pcmio_pump_filled(bench->pump);
    uint32_t left = BLOCKS * 32 + 1 - (uint32_t)next;
    frames = frames < room ? frames : room;
    frames = frames < left ? frames : left;
    rig_capture(bench, next, frames);
    next += (int32_t)frames;
    if (frames == 0) {
      sched_yield();
    }
  }
  return NULL;
}

static void serve(rig *bench, pcmio_wakeup *wakeup, bool output) {
  pcmio_block block;
  int32_t next = 1;
  for (uint32_t served = 0; served < BLOCKS;) {
    CHECK_EQUAL(pcmio_wakeup_wait(wakeup, PATIENCE_NANOS), 1);
    pcmio_pump_awake(bench->pump);
    for (int32_t ready = pcmio_pump_step(bench->pump, 0, &block); ready && served < BLOCKS; served++) {
      CHECK_EQUAL(block.position, served * 32);
      for (uint32_t i = 0; i < 32; i++, next++) {
        if (output) {
          rig_out_slot(bench, &block)[i] = next;
        } else {
          CHECK_EQUAL(rig_in_slot(bench, &block)[i], next);
        }
      }
      ready = pcmio_pump_step(bench->pump, 1, &block);
    }
  }
}

static void stream(bool output, uint32_t wake_slots) {
  rig bench;
  pthread_t audio;
  pcmio_wakeup *wakeup = pcmio_wakeup_new();
  pcmio_pump_config config = rig_config(&bench);
  config.out_channels = output ? 1 : 0;
  config.in_channels = output ? 0 : 1;
  config.wake_slots = wake_slots;
  config.wake = pcmio_wakeup_post;
  config.wake_argument = wakeup;
  rig_open(&bench, &config);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  CHECK_EQUAL(pthread_create(&audio, NULL, output ? play_what_is_there : capture_what_fits, &bench), 0);
  serve(&bench, wakeup, output);
  CHECK_EQUAL(pthread_join(audio, NULL), 0);
  CHECK_EQUAL(rig_stats(&bench).xruns, 0);
  rig_close(&bench);
  pcmio_wakeup_free(wakeup);
}

static void no_wake_up_of_an_output_is_lost(void) {
  stream(true, 1);
  stream(true, 3);
  stream(true, 4);
}

static void no_wake_up_of_an_input_is_lost(void) { stream(false, 1); }

int main(void) {
  RUN(configs_that_cannot_be_served_are_refused);
  RUN(time_is_a_function_s_ticks_or_a_cell_s_nanoseconds);
  RUN(notes_are_kept_and_dropped_ones_counted);
  RUN(settling_waits_for_the_cycle_under_way);
  RUN(rings_may_be_emptied_beside_a_running_device);
  RUN(no_wake_up_of_an_output_is_lost);
  RUN(no_wake_up_of_an_input_is_lost);
  return 0;
}
