/* A duplex stream with a native callback: an input's pump and an output's, and what is counted between them. */
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "pump.h"
#include "rig.h"

#define BLOCK 32u
#define NANOS 1000000000u
#define ENOUGH 64u

/* Plays what it is given; keeps what it was told. */
typedef struct {
  uint32_t calls;
  uint32_t last_call; /* this one ends it */
  pcmio_native_duplex_block block;
  uint64_t lost_input;
  uint64_t lost_output;
  uint64_t expected; /* position */
} user;

typedef struct {
  rig in;
  rig out;
  pcmio_through through;
  user user;
  int32_t played[BLOCK];
  int32_t silence[BLOCK];
  int32_t next;              /* to be captured */
  _Atomic uint32_t captures; /* blocks, of those in threads */
  _Atomic uint32_t seen;     /* sights, by then */
} bench;

static int32_t copy(void *argument, const pcmio_native_duplex_block *block, const void *captured, void *played) {
  user *it = argument;
  const int32_t *samples = played;
  CHECK_EQUAL(block->frames, BLOCK);
  CHECK_EQUAL(block->channels, 1);
  CHECK_EQUAL(block->input_channels, 1);
  CHECK_EQUAL(block->sample_rate, RIG_RATE);
  CHECK_EQUAL(block->format, PCMIO_I32);
  CHECK(it->calls == 0 || block->position == it->expected + block->input_xrun_frames);
  for (uint32_t i = 0; i < BLOCK; i++) {
    CHECK_EQUAL(samples[i], 0); /* arrives silent */
  }
  memcpy(played, captured, BLOCK * sizeof(int32_t));
  it->expected = block->position + block->frames;
  it->lost_input += block->input_xrun_frames;
  it->lost_output += block->output_xrun_frames;
  it->block = *block;
  it->calls++;
  return it->calls == it->last_call ? PCMIO_FINISH : PCMIO_GO_ON;
}

static void open_both(bench *it) {
  *it = (bench){.next = 1};
  pcmio_pump_config config = rig_config(&it->out);
  config.out_channels = 1;
  rig_open(&it->out, &config);
  pcmio_pump_want(it->out.pump, UINT32_MAX);
  config = rig_config(&it->in);
  config.in_channels = 1;
  config.slots = 1;
  config.callback = pcmio_through_take;
  config.callback_user = &it->through;
  rig_open(&it->in, &config);
  it->through.input = it->in.pump;
  it->through.output = it->out.pump;
  it->through.callback = copy;
  it->through.user = &it->user;
  it->through.played = it->played;
  it->through.silence = it->silence;
  it->through.enough = ENOUGH;
  pcmio_through_begin(&it->through, ENOUGH);
  pcmio_pump_set_mode(it->in.pump, PCMIO_RUNNING);
  pcmio_pump_set_mode(it->out.pump, PCMIO_RUNNING);
}

static void close_both(bench *it) {
  rig_close(&it->in);
  rig_close(&it->out);
}

/* A block is captured; then one is played, of which the first sample is returned. */
static void capture(bench *it) {
  rig_capture(&it->in, it->next, BLOCK);
  it->next += (int32_t)BLOCK;
}

static int32_t play(bench *it) {
  int32_t heard[BLOCK];
  rig_play(&it->out, heard, BLOCK);
  for (uint32_t i = 1; i < BLOCK && heard[0] != 0; i++) {
    CHECK_EQUAL(heard[i], heard[0] + (int32_t)i);
  }
  return heard[0];
}

static pcmio_sight sight(bench *it) {
  pcmio_sight found;
  CHECK_EQUAL(pcmio_through_sight(&it->through, &found), 1);
  return found;
}

/* The lead is to stay as it is: what is owed is nothing. */
static void pair(bench *it) {
  pcmio_sight found = sight(it);
  pcmio_through_aim(&it->through, found.lead, 0, 1234);
  capture(it); /* with which the silence is put that the output is short of */
  play(it);
  CHECK_EQUAL(sight(it).lead, found.lead);
}

static void open_paired(bench *it) {
  open_both(it);
  CHECK_EQUAL(play(it), 0);
  capture(it);
  CHECK_EQUAL(play(it), 0);
  pair(it);
}

static void until_they_are_paired_both_are_told_of_and_silent(void) {
  bench it;
  open_both(&it);
  CHECK_EQUAL(pcmio_pump_filled(it.out.pump), ENOUGH);
  CHECK_EQUAL(play(&it), 0);
  for (uint32_t round = 0; round < 3; round++) {
    uint32_t wakes = atomic_load(&it.in.wakes);
    capture(&it);
    CHECK_EQUAL(atomic_load(&it.in.wakes), wakes + 1);
    CHECK_EQUAL(pcmio_pump_filled(it.out.pump), ENOUGH);
    pcmio_sight found = sight(&it);
    CHECK_EQUAL(found.flags, PCMIO_SIGHT_KNOWN);
    CHECK_EQUAL(found.frames, BLOCK);
    CHECK_EQUAL(found.filled, ENOUGH - BLOCK);
    CHECK_EQUAL(found.lead, ENOUGH); /* what was put, and one block for each that was taken */
    CHECK_EQUAL(play(&it), 0);
  }
  pcmio_sight none;
  CHECK_EQUAL(pcmio_through_sight(&it.through, &none), 0);
  CHECK_EQUAL(it.user.calls, 0);
  CHECK_EQUAL(rig_stats(&it.out).xruns, 0);
  close_both(&it);
}

static void then_each_block_of_input_brings_forth_one_of_output(void) {
  bench it;
  open_paired(&it);
  int32_t first = it.next;
  for (int32_t round = 0; round < 20; round++) {
    capture(&it);
    CHECK_EQUAL(it.user.block.heard_nanos - it.user.block.captured_nanos, 1234);
    int32_t heard = play(&it);
    CHECK_EQUAL(heard, round == 0 ? 0 : first + (round - 1) * (int32_t)BLOCK);
    CHECK_EQUAL(it.through.lead, it.through.goal);
  }
  CHECK_EQUAL(it.user.calls, 20);
  CHECK_EQUAL(it.user.lost_input + it.user.lost_output, 0);
  CHECK_EQUAL(rig_stats(&it.out).xruns, 0);
  close_both(&it);
}

static void an_output_that_is_too_far_ahead_is_waited_for(void) {
  bench it;
  open_both(&it);
  CHECK_EQUAL(play(&it), 0);
  capture(&it);
  pcmio_through_aim(&it.through, sight(&it).lead - 3 * (int64_t)BLOCK, 0, 0);
  for (int32_t round = 0; round < 2; round++) {
    capture(&it);
    CHECK_EQUAL(it.user.calls, 0);
  }
  capture(&it);
  capture(&it);
  CHECK_EQUAL(it.user.calls, 1);
  close_both(&it);
}

static void what_the_output_missed_is_thrown_away_of_what_comes_next(void) {
  bench it;
  open_paired(&it);
  capture(&it);
  while (pcmio_pump_filled(it.out.pump) != 0) {
    play(&it);
  }
  CHECK_EQUAL(play(&it), 0); /* for want of frames */
  int32_t missed = it.next;
  capture(&it); /* its block comes too late */
  CHECK_EQUAL(pcmio_pump_filled(it.out.pump), 0);
  CHECK_EQUAL(it.user.lost_output, BLOCK);
  CHECK_EQUAL(it.through.lead, it.through.goal);
  capture(&it);
  CHECK_EQUAL(play(&it), missed + (int32_t)BLOCK);
  pcmio_sight found;
  uint32_t flags = 0;
  while (pcmio_through_sight(&it.through, &found)) {
    flags |= found.flags;
  }
  CHECK(flags & PCMIO_SIGHT_DISTURBED);
  close_both(&it);
}

static void output_that_comes_too_late_moves_nothing(void) {
  bench it;
  open_paired(&it);
  capture(&it);
  CHECK_EQUAL(play(&it), 0);
  uint32_t filled = pcmio_pump_filled(it.out.pump);
  int32_t next = it.next - (int32_t)BLOCK;
  pcmio_pump_lost(it.out.pump, 0, BLOCK); /* that block: its place in time is past all the same */
  capture(&it);
  CHECK_EQUAL(it.user.lost_output, BLOCK);
  CHECK_EQUAL(it.through.lead, it.through.goal);
  CHECK_EQUAL(pcmio_pump_filled(it.out.pump), filled + BLOCK);
  CHECK_EQUAL(play(&it), next);
  pcmio_sight found;
  uint32_t flags = 0;
  while (pcmio_through_sight(&it.through, &found)) {
    flags |= found.flags;
  }
  CHECK(flags & PCMIO_SIGHT_DISTURBED);
  CHECK_EQUAL(rig_stats(&it.out).xruns, 1);
  close_both(&it);
}

static void what_the_input_lost_before_they_are_paired_is_told_to_nobody(void) {
  bench it;
  open_both(&it);
  CHECK_EQUAL(play(&it), 0);
  pcmio_pump_xrun(it.in.pump, 5);
  capture(&it);
  CHECK_EQUAL(it.through.lead, (int64_t)ENOUGH - 5);
  CHECK_EQUAL(play(&it), 0);
  pair(&it);
  capture(&it);
  CHECK_EQUAL(it.user.calls, 1);
  CHECK_EQUAL(it.user.block.position, 0);
  CHECK_EQUAL(it.user.lost_input, 0);
  close_both(&it);
}

static void what_the_input_lost_is_made_up_for_by_silence(void) {
  bench it;
  open_paired(&it);
  capture(&it);
  uint32_t filled = pcmio_pump_filled(it.out.pump);
  pcmio_pump_xrun(it.in.pump, BLOCK);
  capture(&it);
  CHECK_EQUAL(it.user.lost_input, BLOCK);
  CHECK_EQUAL(pcmio_pump_filled(it.out.pump), filled + 2 * BLOCK);
  CHECK_EQUAL(it.through.lead, it.through.goal);
  close_both(&it);
}

static void a_ring_that_runs_over_is_an_xrun_that_is_told(void) {
  bench it;
  open_paired(&it);
  for (int32_t round = 0; round < 5; round++) {
    capture(&it);
  }
  CHECK_EQUAL(pcmio_pump_filled(it.out.pump), 4 * BLOCK); /* there is no more room */
  CHECK(rig_stats(&it.out).output_xrun_frames >= BLOCK);
  uint32_t flags = 0;
  pcmio_sight found;
  while (pcmio_through_sight(&it.through, &found)) {
    flags |= found.flags;
  }
  CHECK(flags & PCMIO_SIGHT_OVERRUN);
  CHECK_EQUAL(flags & PCMIO_SIGHT_DISTURBED, 0); /* it knows of it */
  CHECK(it.user.lost_output >= BLOCK);
  close_both(&it);
}

static void what_was_wrong_is_an_xrun_and_set_right(void) {
  bench it;
  open_paired(&it);
  capture(&it);
  play(&it);
  uint32_t filled = pcmio_pump_filled(it.out.pump);
  pcmio_through_aim(&it.through, it.through.goal + 5, 5, 0);
  capture(&it);
  CHECK_EQUAL(pcmio_pump_filled(it.out.pump), filled + BLOCK + 5);
  CHECK_EQUAL(rig_stats(&it.out).output_xrun_frames, 5);
  CHECK_EQUAL(it.user.lost_output, 5);
  CHECK_EQUAL(it.through.lead, it.through.goal);
  close_both(&it);
}

static void after_the_end_nothing_is_missing(void) {
  bench it;
  open_both(&it);
  it.user.last_call = 2;
  CHECK_EQUAL(play(&it), 0);
  capture(&it);
  CHECK_EQUAL(play(&it), 0);
  pair(&it);
  int32_t first = it.next;
  for (int32_t round = 0; round < 4; round++) {
    capture(&it);
  }
  CHECK_EQUAL(it.user.calls, 2);
  pcmio_note note;
  CHECK_EQUAL(pcmio_pump_take_note(it.in.pump, &note), 1);
  CHECK_EQUAL(note.kind, PCMIO_NOTE_CALLBACK_OVER);
  CHECK_EQUAL(note.code, PCMIO_FINISH);
  int32_t last = 0;
  for (int32_t round = 0; round < 8; round++) {
    int32_t heard = play(&it);
    last = heard != 0 ? heard : last;
  }
  CHECK_EQUAL(last, first); /* the block of the call that ended it is not played */
  CHECK_EQUAL(rig_stats(&it.out).xruns, 0);
  close_both(&it);
}

static void a_begin_forgets_all_but_the_position(void) {
  bench it;
  open_paired(&it);
  capture(&it);
  uint64_t position = it.through.position;
  pcmio_pump_set_mode(it.in.pump, PCMIO_IDLE);
  pcmio_pump_set_mode(it.out.pump, PCMIO_IDLE);
  pcmio_pump_reset(it.out.pump);
  pcmio_through_begin(&it.through, ENOUGH);
  pcmio_sight none;
  CHECK_EQUAL(pcmio_through_sight(&it.through, &none), 0);
  CHECK_EQUAL(it.through.lead, ENOUGH);
  CHECK_EQUAL(it.through.position, position);
  CHECK_EQUAL(it.through.paired, 0);
  close_both(&it);
}

/* --- on threads --------------------------------------------------------------------------------------------------- */

#define ROUNDS 20000u

static void *capture_all(void *argument) {
  bench *it = argument;
  for (uint32_t round = 0; round < ROUNDS; round++) {
    while (round == ROUNDS / 2 && atomic_load(&it->seen) == 0) {
      sched_yield();
    }
    capture(it);
    atomic_store(&it->captures, round + 1);
  }
  return NULL;
}

static void *play_all(void *argument) {
  bench *it = argument;
  int32_t heard[BLOCK];
  for (uint32_t round = 0; round < ROUNDS; round++) {
    /* As it comes at first; then after what was captured, or the two would never be brought together. */
    while (round >= ROUNDS / 2 && round >= atomic_load(&it->captures)) {
      sched_yield();
    }
    rig_play(&it->out, heard, BLOCK);
  }
  return NULL;
}

static void two_audio_threads_and_python_agree(void) {
  bench it;
  pthread_t threads[2];
  open_both(&it);
  CHECK_EQUAL(pthread_create(&threads[0], NULL, capture_all, &it), 0);
  CHECK_EQUAL(pthread_create(&threads[1], NULL, play_all, &it), 0);
  pcmio_sight found;
  while (atomic_load(&it.captures) < ROUNDS) {
    if (pcmio_through_sight(&it.through, &found)) {
      uint32_t seen = atomic_load(&it.seen);
      pcmio_through_aim(&it.through, (int64_t)(ENOUGH + seen % 7), seen % 3, (int64_t)seen);
      atomic_store(&it.seen, seen + 1);
    }
  }
  CHECK_EQUAL(pthread_join(threads[0], NULL), 0);
  CHECK_EQUAL(pthread_join(threads[1], NULL), 0);
  CHECK(it.user.calls > 0);
  close_both(&it);
}

int main(void) {
  RUN(until_they_are_paired_both_are_told_of_and_silent);
  RUN(then_each_block_of_input_brings_forth_one_of_output);
  RUN(an_output_that_is_too_far_ahead_is_waited_for);
  RUN(what_the_output_missed_is_thrown_away_of_what_comes_next);
  RUN(output_that_comes_too_late_moves_nothing);
  RUN(what_the_input_lost_before_they_are_paired_is_told_to_nobody);
  RUN(what_the_input_lost_is_made_up_for_by_silence);
  RUN(a_ring_that_runs_over_is_an_xrun_that_is_told);
  RUN(what_was_wrong_is_an_xrun_and_set_right);
  RUN(after_the_end_nothing_is_missing);
  RUN(a_begin_forgets_all_but_the_position);
  RUN(two_audio_threads_and_python_agree);
  return 0;
}
