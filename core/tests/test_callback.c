/* A pump whose blocks a native callback fills or takes. */
#include <pthread.h>
#include <string.h>

#include "rig.h"

#define BLOCK 32u
#define NANOS 1000000000u

static int32_t heard[RIG_MOST_FRAMES];

/* Plays numbers that go on from 1, or checks that they come; keeps what it was told. */
typedef struct {
  pcmio_pump *pump;
  uint32_t calls;
  uint32_t last_call; /* this one answers with: */
  int32_t answer;
  int32_t next;
  uint64_t lost;
  pcmio_native_block block;
  _Atomic uint32_t inside;
  _Atomic uint32_t hold; /* it does not return */
} user;

static void see(user *it, const pcmio_native_block *block) {
  CHECK_EQUAL(atomic_fetch_add(&it->inside, 1), 0);
  CHECK_EQUAL(block->frames, BLOCK);
  CHECK_EQUAL(block->channels, 1);
  CHECK_EQUAL(block->sample_rate, RIG_RATE);
  CHECK_EQUAL(block->format, PCMIO_I32);
  CHECK_EQUAL(block->position, (uint64_t)it->calls * BLOCK);
  it->block = *block;
  it->lost += block->xrun_frames;
  it->calls++;
  while (atomic_load(&it->hold) != 0) {
    pcmio_sleep_nanos(10000);
  }
}

static int32_t answer(user *it) {
  atomic_fetch_sub(&it->inside, 1);
  return it->calls == it->last_call ? it->answer : PCMIO_GO_ON;
}

static int32_t play_numbers(void *argument, const pcmio_native_block *block, void *samples) {
  user *it = argument;
  int32_t *out = samples;
  see(it, block);
  for (uint32_t i = 0; i < block->frames; i++) {
    CHECK_EQUAL(out[i], 0); /* arrives silent */
    out[i] = it->next++;
  }
  return answer(it);
}

static int32_t take_numbers(void *argument, const pcmio_native_block *block, void *samples) {
  user *it = argument;
  const int32_t *in = samples;
  see(it, block);
  for (uint32_t i = 0; i < block->frames; i++) {
    CHECK_EQUAL(in[i], it->next++);
  }
  return answer(it);
}

static void open_with(rig *bench, user *it, bool output, uint32_t slots) {
  pcmio_pump_config config = rig_config(bench);
  *it = (user){.next = 1};
  config.slots = slots;
  config.out_channels = output ? 1 : 0;
  config.in_channels = output ? 0 : 1;
  config.callback = output ? play_numbers : take_numbers;
  config.callback_user = it;
  rig_open(bench, &config);
  it->pump = bench->pump;
}

static void open_output(rig *bench, user *it) {
  open_with(bench, it, true, 1);
  pcmio_pump_set_mode(bench->pump, PCMIO_RUNNING);
}

static void open_input(rig *bench, user *it) {
  open_with(bench, it, false, 1);
  pcmio_pump_set_mode(bench->pump, PCMIO_RUNNING);
}

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

static void check_over(rig *bench, int32_t code) {
  pcmio_note note;
  CHECK(pcmio_pump_take_note(bench->pump, &note));
  CHECK_EQUAL(note.kind, PCMIO_NOTE_CALLBACK_OVER);
  CHECK_EQUAL(note.code, code);
  CHECK(!pcmio_pump_take_note(bench->pump, &note));
}

/* --- output ------------------------------------------------------------------------------------------------------- */

static void cycles_of_any_size_are_cut_from_whole_blocks(uint32_t slots) {
  static const uint32_t sizes[] = {1, 7, 31, 32, 33, 0, 64, 127, 128, 1000, 13};
  rig bench;
  user it;
  int32_t wanted = 1;
  open_with(&bench, &it, true, slots);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  for (uint32_t cycle = 0; cycle < 5000; cycle++) {
    uint32_t frames = sizes[cycle % (sizeof sizes / sizeof *sizes)];
    rig_play(&bench, heard, frames);
    check_heard(0, frames, wanted);
    wanted += (int32_t)frames;
    CHECK_EQUAL(pcmio_pump_position(bench.pump), wanted - 1);
    CHECK(pcmio_pump_filled(bench.pump) < BLOCK); /* never a block more than is needed */
  }
  CHECK_EQUAL(rig_stats(&bench).blocks, it.calls);
  CHECK_EQUAL(rig_stats(&bench).xruns, 0);
  CHECK_EQUAL(bench.wakes, 0);
  rig_close(&bench);
}

static void with_one_slot_and_with_more(void) {
  cycles_of_any_size_are_cut_from_whole_blocks(1);
  cycles_of_any_size_are_cut_from_whole_blocks(4);
}

static void a_block_is_told_when_it_is_heard(void) {
  rig bench;
  user it;
  open_output(&bench, &it);
  rig_play(&bench, heard, 48); /* the second block begins within the cycle */
  CHECK_EQUAL(it.block.callback_nanos, RIG_START_NANOS);
  CHECK_EQUAL(it.block.device_nanos, RIG_START_NANOS + 1000000 + (uint64_t)BLOCK * NANOS / RIG_RATE + 1);
  CHECK_EQUAL(it.block.position, BLOCK);
  rig_play(&bench, heard, 17); /* and the third */
  CHECK_EQUAL(it.block.callback_nanos, RIG_START_NANOS + 1000000);
  CHECK_EQUAL(it.block.device_nanos, RIG_START_NANOS + 2000000 + (uint64_t)16 * NANOS / RIG_RATE);
  rig_close(&bench);
}

static void nothing_is_asked_for_before_the_start_and_after_the_stop(void) {
  rig bench;
  user it;
  open_with(&bench, &it, true, 1);
  rig_play(&bench, heard, 100);
  check_silent(0, 100);
  CHECK_EQUAL(it.calls, 0);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  rig_play(&bench, heard, 40);
  CHECK_EQUAL(it.calls, 2);
  pcmio_pump_set_mode(bench.pump, PCMIO_IDLE); /* a pause keeps what is left */
  rig_play(&bench, heard, 100);
  check_silent(0, 100);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  rig_play(&bench, heard, 20);
  check_heard(0, 20, 41);
  CHECK_EQUAL(it.calls, 2);
  pcmio_pump_set_mode(bench.pump, PCMIO_DRAINING); /* plays that, and no more */
  rig_play(&bench, heard, 20);
  check_heard(0, 4, 61);
  check_silent(4, 20);
  CHECK_EQUAL(it.calls, 2);
  pcmio_note note;
  CHECK(pcmio_pump_take_note(bench.pump, &note));
  CHECK_EQUAL(note.kind, PCMIO_NOTE_DRAINED);
  CHECK_EQUAL(rig_stats(&bench).xruns, 0);
  rig_close(&bench);
}

static void what_is_left_can_be_thrown_away(void) {
  rig bench;
  user it;
  open_output(&bench, &it);
  rig_play(&bench, heard, 40);
  pcmio_pump_set_mode(bench.pump, PCMIO_IDLE);
  CHECK_EQUAL(pcmio_pump_settle(bench.pump, 0), 0);
  pcmio_pump_reset(bench.pump);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  rig_play(&bench, heard, 40);
  check_heard(0, 40, 65);
  rig_close(&bench);
}

static void it_finishes_without_its_last_block(void) {
  rig bench;
  user it;
  open_output(&bench, &it);
  it.last_call = 3;
  it.answer = PCMIO_FINISH;
  rig_play(&bench, heard, 100);
  check_heard(0, 64, 1);
  check_silent(64, 100);
  CHECK_EQUAL(bench.wakes, 1);
  check_over(&bench, PCMIO_FINISH);
  rig_play(&bench, heard, 100); /* until Python drains */
  check_silent(0, 100);
  CHECK_EQUAL(it.calls, 3);
  CHECK_EQUAL(rig_stats(&bench).blocks, 2);
  CHECK_EQUAL(rig_stats(&bench).xruns, 0);
  CHECK_EQUAL(pcmio_pump_position(bench.pump), 64);
  pcmio_pump_set_mode(bench.pump, PCMIO_DRAINING);
  rig_play(&bench, heard, 0);
  pcmio_note note;
  CHECK(pcmio_pump_take_note(bench.pump, &note));
  CHECK_EQUAL(note.kind, PCMIO_NOTE_DRAINED);
  CHECK(!pcmio_pump_take_note(bench.pump, &note));
  rig_close(&bench);
}

static void any_answer_is_told_even_when_notes_have_no_room(void) {
  rig bench;
  user it;
  pcmio_note note;
  uint32_t notes = 0;
  open_output(&bench, &it);
  it.last_call = 1;
  it.answer = -7;
  while (rig_stats(&bench).notes_dropped == 0) {
    pcmio_pump_note(bench.pump, PCMIO_NOTE_MOVED, 0, 0);
  }
  rig_play(&bench, heard, 10);
  while (pcmio_pump_take_note(bench.pump, &note)) {
    CHECK_EQUAL(note.kind, PCMIO_NOTE_MOVED);
    notes++;
  }
  CHECK(notes > 0);
  rig_play(&bench, heard, 10);
  check_over(&bench, -7);
  rig_play(&bench, heard, 10);
  CHECK(!pcmio_pump_take_note(bench.pump, &note));
  rig_close(&bench);
}

static void what_the_system_lost_is_told_with_the_next_block(void) {
  rig bench;
  user it;
  open_output(&bench, &it);
  rig_play(&bench, heard, 32);
  pcmio_pump_xrun(bench.pump, 100);
  rig_play(&bench, heard, 32);
  CHECK_EQUAL(it.block.xrun_frames, 100);
  rig_play(&bench, heard, 32);
  CHECK_EQUAL(it.block.xrun_frames, 0);
  CHECK_EQUAL(rig_stats(&bench).xruns, 1);
  CHECK_EQUAL(rig_stats(&bench).output_xrun_frames, 100);
  rig_close(&bench);
}

static void planes_of_another_format_are_filled(void) {
  rig bench;
  user it;
  float left[40];
  void *outputs[1] = {left};
  open_with(&bench, &it, true, 1);
  pcmio_pump_free(bench.pump);
  bench.config.out_native_format = PCMIO_F32;
  bench.config.out_planar = 1;
  bench.pump = pcmio_pump_new(&bench.config);
  CHECK(bench.pump != NULL);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  pcmio_pump_transfer(bench.pump, NULL, outputs, 40, 0, 0);
  for (uint32_t i = 0; i < 40; i++) {
    CHECK_EQUAL((int64_t)((double)left[i] * 2147483648.0), i + 1);
  }
  rig_close(&bench);
}

/* --- input -------------------------------------------------------------------------------------------------------- */

static void captured_cycles_of_any_size_become_whole_blocks(uint32_t slots) {
  static const uint32_t sizes[] = {1, 7, 31, 32, 33, 0, 64, 127, 128, 1000, 13};
  rig bench;
  user it;
  int32_t next = 1;
  open_with(&bench, &it, false, slots);
  pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
  for (uint32_t cycle = 0; cycle < 5000; cycle++) {
    uint32_t frames = sizes[cycle % (sizeof sizes / sizeof *sizes)];
    rig_capture(&bench, next, frames);
    next += (int32_t)frames;
    CHECK_EQUAL(it.calls, (uint32_t)(next - 1) / BLOCK);
    CHECK_EQUAL(pcmio_pump_filled(bench.pump), (uint32_t)(next - 1) % BLOCK);
  }
  CHECK_EQUAL(pcmio_pump_position(bench.pump), next - 1);
  CHECK_EQUAL(rig_stats(&bench).blocks, it.calls);
  CHECK_EQUAL(rig_stats(&bench).xruns, 0);
  CHECK_EQUAL(bench.wakes, 0);
  rig_close(&bench);
}

static void input_with_one_slot_and_with_more(void) {
  captured_cycles_of_any_size_become_whole_blocks(1);
  captured_cycles_of_any_size_become_whole_blocks(4);
}

static void input_tells_when_it_was_captured_and_what_was_lost(void) {
  rig bench;
  user it;
  open_input(&bench, &it);
  rig_capture(&bench, 1, 48);
  CHECK_EQUAL(it.block.device_nanos, RIG_START_NANOS);
  pcmio_pump_xrun(bench.pump, 9);
  rig_capture(&bench, 49, 47); /* the third block begins in its middle */
  CHECK_EQUAL(it.block.xrun_frames, 0);
  CHECK_EQUAL(it.block.device_nanos, RIG_START_NANOS + (uint64_t)BLOCK * NANOS / RIG_RATE + 1);
  rig_capture(&bench, 96, 1);
  CHECK_EQUAL(it.calls, 3);
  CHECK_EQUAL(it.block.xrun_frames, 9);
  CHECK_EQUAL(it.block.device_nanos, RIG_START_NANOS + NANOS / 1000 + (uint64_t)16 * NANOS / RIG_RATE);
  CHECK_EQUAL(it.lost, 9);
  rig_close(&bench);
}

static void input_ends_and_loses_nothing_by_that(void) {
  rig bench;
  user it;
  open_input(&bench, &it);
  it.last_call = 2;
  it.answer = PCMIO_FINISH;
  rig_capture(&bench, 1, 200);
  CHECK_EQUAL(it.calls, 2);
  check_over(&bench, PCMIO_FINISH);
  rig_capture(&bench, 201, 200);
  CHECK_EQUAL(it.calls, 2);
  CHECK_EQUAL(rig_stats(&bench).xruns, 0);
  CHECK_EQUAL(pcmio_pump_position(bench.pump), 64);
  rig_close(&bench);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void python_finds_no_block(void) {
  rig bench;
  user it;
  pcmio_block block;
  open_output(&bench, &it);
  CHECK(!pcmio_pump_step(bench.pump, 0, &block));
  rig_play(&bench, heard, 10);
  CHECK(!pcmio_pump_step(bench.pump, 0, &block));
  rig_close(&bench);
}

static void two_directions_are_refused(void) {
  rig bench;
  user it;
  open_output(&bench, &it);
  pcmio_pump_config config = bench.config;
  config.in_channels = 1;
  config.in_data = config.out_data;
  CHECK(pcmio_pump_new(&config) == NULL);
  config.callback = NULL;
  pcmio_pump *other = pcmio_pump_new(&config);
  CHECK(other != NULL);
  pcmio_pump_free(other);
  rig_close(&bench);
}

static void *play_a_cycle(void *argument) {
  rig_play(argument, heard, BLOCK);
  return NULL;
}

static void a_callback_that_is_at_work_is_waited_for(void) {
  rig bench;
  user it;
  pthread_t thread;
  open_output(&bench, &it);
  atomic_store(&it.hold, 1);
  CHECK_EQUAL(pthread_create(&thread, NULL, play_a_cycle, &bench), 0);
  while (atomic_load(&it.inside) == 0) {
    pcmio_sleep_nanos(10000);
  }
  pcmio_pump_set_mode(bench.pump, PCMIO_IDLE);
  CHECK_EQUAL(pcmio_pump_settle(bench.pump, 1000000), -1);
  atomic_store(&it.hold, 0);
  CHECK_EQUAL(pcmio_pump_settle(bench.pump, (int64_t)10 * NANOS), 0);
  CHECK_EQUAL(atomic_load(&it.inside), 0);
  rig_close(&bench); /* whoever settled may free it */
  CHECK_EQUAL(pthread_join(thread, NULL), 0);
}

static _Atomic uint32_t ending;

static void *play_until_told(void *argument) {
  while (atomic_load(&ending) == 0) {
    rig_play(argument, heard, 48);
  }
  return NULL;
}

/* Under the thread sanitizer: what the audio thread and Python's share is shared properly. */
static void it_is_started_and_held_while_another_thread_plays(void) {
  rig bench;
  user it;
  pthread_t thread;
  open_with(&bench, &it, true, 1);
  atomic_store(&ending, 0);
  CHECK_EQUAL(pthread_create(&thread, NULL, play_until_told, &bench), 0);
  for (uint32_t round = 0; round < 1000; round++) {
    pcmio_pump_set_mode(bench.pump, PCMIO_RUNNING);
    CHECK(pcmio_pump_filled(bench.pump) <= BLOCK);
    pcmio_sleep_nanos(10000);
    pcmio_pump_set_mode(bench.pump, PCMIO_IDLE);
    CHECK_EQUAL(pcmio_pump_settle(bench.pump, (int64_t)10 * NANOS), 0);
    uint32_t calls = it.calls; /* nobody is inside: it is ours to read */
    pcmio_pump_reset(bench.pump);
    pcmio_sleep_nanos(1000);
    CHECK_EQUAL(it.calls, calls);
  }
  atomic_store(&ending, 1);
  CHECK_EQUAL(pthread_join(thread, NULL), 0);
  CHECK(it.calls > 0);
  rig_close(&bench);
}

/* --- the sampler -------------------------------------------------------------------------------------------------- */

static void a_sampler_plays_its_memory_once(void) {
  int32_t sound[70];
  int32_t out[BLOCK] = {0};
  pcmio_native_block block = {.frames = BLOCK, .channels = 1, .format = PCMIO_I32, .xrun_frames = 3};
  pcmio_sampler sampler = {.samples = sound, .frames = 70};
  for (int32_t i = 0; i < 70; i++) {
    sound[i] = i;
  }
  CHECK_EQUAL(pcmio_sampler_play(&sampler, &block, out), PCMIO_GO_ON);
  CHECK_EQUAL(pcmio_sampler_play(&sampler, &block, out), PCMIO_GO_ON);
  CHECK_EQUAL(out[31], 63);
  CHECK_EQUAL(pcmio_sampler_play(&sampler, &block, out), PCMIO_GO_ON);
  CHECK_EQUAL(out[5], 69);
  CHECK_EQUAL(out[6], 38); /* is left alone */
  CHECK_EQUAL(pcmio_sampler_play(&sampler, &block, out), PCMIO_FINISH);
  CHECK_EQUAL(sampler.at, 70);
  CHECK_EQUAL(sampler.lost, 9);
}

static void a_sampler_records_until_its_memory_is_full(void) {
  int16_t sound[2 * 40];
  int16_t in[2 * BLOCK];
  pcmio_native_block block = {.frames = BLOCK, .channels = 2, .format = PCMIO_I16};
  pcmio_sampler sampler = {.samples = sound, .frames = 40};
  for (uint32_t i = 0; i < 2 * BLOCK; i++) {
    in[i] = (int16_t)i;
  }
  CHECK_EQUAL(pcmio_sampler_record(&sampler, &block, in), PCMIO_GO_ON);
  CHECK_EQUAL(pcmio_sampler_record(&sampler, &block, in), PCMIO_FINISH);
  CHECK_EQUAL(sound[63], 63);
  CHECK_EQUAL(sound[79], 15);
  CHECK_EQUAL(sampler.at, 40);
}

static void a_recording_waits_for_its_go(void) {
  int16_t sound[2 * BLOCK] = {0};
  int16_t in[BLOCK] = {1};
  uint64_t go = 0;
  pcmio_native_block block = {.frames = BLOCK, .channels = 1, .format = PCMIO_I16, .xrun_frames = 5};
  pcmio_sampler sampler = {.samples = sound, .frames = (uint64_t)2 * BLOCK, .go = &go};
  CHECK_EQUAL(pcmio_sampler_record(&sampler, &block, in), PCMIO_GO_ON);
  CHECK_EQUAL(sampler.at, 0);
  CHECK_EQUAL(sampler.lost, 0);
  go = 1;
  CHECK_EQUAL(pcmio_sampler_record(&sampler, &block, in), PCMIO_GO_ON);
  CHECK_EQUAL(sampler.at, BLOCK);
  CHECK_EQUAL(sound[0], 1);
}

static void frames_that_are_lost_leave_their_place_in_a_recording(void) {
  int16_t sound[100] = {0};
  int16_t in[BLOCK];
  pcmio_native_block block = {.frames = BLOCK, .channels = 1, .format = PCMIO_I16};
  pcmio_sampler sampler = {.samples = sound, .frames = 100};
  for (uint32_t i = 0; i < BLOCK; i++) {
    in[i] = 7;
  }
  CHECK_EQUAL(pcmio_sampler_record(&sampler, &block, in), PCMIO_GO_ON);
  block.xrun_frames = 10;
  CHECK_EQUAL(pcmio_sampler_record(&sampler, &block, in), PCMIO_GO_ON);
  CHECK_EQUAL(sound[BLOCK - 1], 7);
  CHECK_EQUAL(sound[BLOCK], 0);
  CHECK_EQUAL(sound[BLOCK + 9], 0);
  CHECK_EQUAL(sound[BLOCK + 10], 7);
  CHECK_EQUAL(sampler.at, 2 * BLOCK + 10);
  block.xrun_frames = 1000000; /* far beyond the end */
  CHECK_EQUAL(pcmio_sampler_record(&sampler, &block, in), PCMIO_FINISH);
  CHECK_EQUAL(sampler.at, 100);
  CHECK_EQUAL(sound[99], 0);
  CHECK_EQUAL(sampler.lost, 1000010);
}

static void a_sampler_tells_when_its_first_frame_was(void) {
  int16_t sound[4 * BLOCK] = {0};
  int16_t in[BLOCK] = {0};
  uint64_t starts[2] = {0};
  pcmio_native_block block = {
      .frames = BLOCK, .channels = 1, .format = PCMIO_I16, .sample_rate = 1000, .device_nanos = 5000000000u};
  pcmio_sampler sampler = {.samples = sound, .frames = (uint64_t)4 * BLOCK, .starts = starts, .start_room = 2};
  CHECK_EQUAL(pcmio_sampler_play(&sampler, &block, in), PCMIO_GO_ON);
  CHECK_EQUAL(starts[0], 5000000000u);
  CHECK_EQUAL(sampler.start_count, 1);
  block.device_nanos += BLOCK * 1000000u + 3; /* three nanoseconds late */
  CHECK_EQUAL(pcmio_sampler_play(&sampler, &block, in), PCMIO_GO_ON);
  CHECK_EQUAL(starts[1], 5000000003u);
  block.device_nanos += BLOCK * 1000000u + 4;
  CHECK_EQUAL(pcmio_sampler_play(&sampler, &block, in), PCMIO_GO_ON);
  CHECK_EQUAL(starts[0], 5000000007u);
  CHECK_EQUAL(sampler.start_count, 3);
}

int main(void) {
  RUN(with_one_slot_and_with_more);
  RUN(a_block_is_told_when_it_is_heard);
  RUN(nothing_is_asked_for_before_the_start_and_after_the_stop);
  RUN(what_is_left_can_be_thrown_away);
  RUN(it_finishes_without_its_last_block);
  RUN(any_answer_is_told_even_when_notes_have_no_room);
  RUN(what_the_system_lost_is_told_with_the_next_block);
  RUN(planes_of_another_format_are_filled);
  RUN(input_with_one_slot_and_with_more);
  RUN(input_tells_when_it_was_captured_and_what_was_lost);
  RUN(input_ends_and_loses_nothing_by_that);
  RUN(python_finds_no_block);
  RUN(two_directions_are_refused);
  RUN(a_callback_that_is_at_work_is_waited_for);
  RUN(it_is_started_and_held_while_another_thread_plays);
  RUN(a_sampler_plays_its_memory_once);
  RUN(a_sampler_records_until_its_memory_is_full);
  RUN(a_recording_waits_for_its_go);
  RUN(frames_that_are_lost_leave_their_place_in_a_recording);
  RUN(a_sampler_tells_when_its_first_frame_was);
  return 0;
}
