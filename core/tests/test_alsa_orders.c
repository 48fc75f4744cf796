/* What Python may order an ALSA stream to do, PCMs without a clock, time, and the thread. */
#include <poll.h>
#include <unistd.h>

#include "alsa_fake.h"

/* --- pausing ------------------------------------------------------------------------------------------------------ */

static void hardware_that_can_pause_holds_its_queue(void) {
  fake pcm;
  fake_open(&pcm, 1, 1);
  pcm.stream.config.can_pause = 1;
  fake_play(&pcm);
  cycle(&pcm);
  pcmio_pump_set_mode(pcm.bench.pump, PCMIO_IDLE);
  CHECK_EQUAL(pcmio_alsa_pause(&pcm.stream), 0);
  CHECK_EQUAL(pcmio_alsa_pause(&pcm.stream), 0);
  CHECK_EQUAL(pcm.stream.phase, PCMIO_ALSA_PAUSED);
  CHECK_EQUAL(pcm.pauses, 1);
  pcmio_pump_set_mode(pcm.bench.pump, PCMIO_RUNNING);
  CHECK_EQUAL(pcmio_alsa_start(&pcm.stream), 0);
  CHECK_EQUAL(pcm.state, RUNNING);
  for (uint32_t i = 0; i < 6; i++) {
    cycle(&pcm);
  }
  is_heard(&pcm, 0, 7 * PERIOD, 1);
  CHECK_EQUAL(pcm.prepares, 0);
  rig_close(&pcm.bench);
}

static void a_pause_that_cannot_be_undone_starts_anew(void) {
  fake pcm;
  fake_open(&pcm, 1, 1);
  pcm.stream.config.can_pause = 1;
  fake_play(&pcm);
  pcmio_pump_set_mode(pcm.bench.pump, PCMIO_IDLE);
  CHECK_EQUAL(pcmio_alsa_pause(&pcm.stream), 0);
  pcmio_pump_set_mode(pcm.bench.pump, PCMIO_RUNNING);
  pcm.pause_is = -ESTRPIPE; /* the machine slept meanwhile */
  CHECK_EQUAL(pcmio_alsa_start(&pcm.stream), 0);
  CHECK_EQUAL(pcm.state, RUNNING);
  CHECK_EQUAL(queued(), BUFFER);
  rig_close(&pcm.bench);
}

static void what_has_not_started_is_not_paused(void) {
  fake pcm;
  fake_open(&pcm, 1, 1);
  pcm.stream.config.can_pause = 1;
  fake_play(&pcm);
  pcm.state = PREPARED;
  CHECK_EQUAL(pcmio_alsa_pause(&pcm.stream), 0);
  CHECK_EQUAL(pcm.pauses, 0);
  rig_close(&pcm.bench);
}

static void who_cannot_pause_plays_its_queue_and_then_holds(void) {
  for (uint32_t refuses = 0; refuses < 2; refuses++) {
    fake pcm;
    fake_open(&pcm, 1, 1);
    pcm.stream.config.can_pause = refuses;
    fake_play(&pcm);
    cycle(&pcm);
    pcmio_pump_set_mode(pcm.bench.pump, PCMIO_IDLE);
    pcm.pause_is = -ENOSYS;
    CHECK_EQUAL(pcmio_alsa_pause(&pcm.stream), 0);
    for (uint32_t i = 0; i < 8 && pcm.stream.phase != PCMIO_ALSA_HELD; i++) {
      cycle(&pcm);
    }
    CHECK_EQUAL(pcm.stream.phase, PCMIO_ALSA_HELD);
    CHECK_EQUAL(pcm.drops, 1);
    is_heard(&pcm, 0, 5 * PERIOD, 1); /* all that was in its queue; what is in the ring stays there */
    CHECK_EQUAL(pcmio_pump_filled(pcm.bench.pump), 3 * PERIOD);
    pcmio_pump_set_mode(pcm.bench.pump, PCMIO_RUNNING);
    uint32_t before = pcm.heard_count;
    CHECK_EQUAL(pcmio_alsa_start(&pcm.stream), 0);
    cycle(&pcm);
    is_heard(&pcm, before, PERIOD, 5 * PERIOD + 1);
    rig_close(&pcm.bench);
  }
}

static void a_start_before_the_queue_is_played_goes_on(void) {
  fake pcm;
  fake_open(&pcm, 1, 1);
  fake_play(&pcm);
  cycle(&pcm);
  pcmio_pump_set_mode(pcm.bench.pump, PCMIO_IDLE);
  CHECK_EQUAL(pcmio_alsa_pause(&pcm.stream), 0);
  cycle(&pcm); /* a period of silence goes in */
  pcmio_pump_set_mode(pcm.bench.pump, PCMIO_RUNNING);
  CHECK_EQUAL(pcmio_alsa_start(&pcm.stream), 0);
  for (uint32_t i = 0; i < 5; i++) {
    cycle(&pcm);
  }
  is_heard(&pcm, 0, 5 * PERIOD, 1);
  CHECK_EQUAL(pcm.heard[(size_t)5 * PERIOD], 0);
  CHECK_EQUAL(pcm.heard[(size_t)6 * PERIOD], 5 * PERIOD + 1);
  CHECK_EQUAL(pcm.prepares + pcm.drops, 0);
  rig_close(&pcm.bench);
}

static void a_recording_that_pauses_forgets_what_it_has(void) {
  fake pcm;
  fake_open(&pcm, 0, 1);
  fake_record(&pcm);
  pass(PERIOD / 2);
  CHECK_EQUAL(pcmio_alsa_pause(&pcm.stream), 0);
  CHECK_EQUAL(pcm.drops, 1);
  CHECK_EQUAL(pcm.state, PREPARED);
  CHECK_EQUAL(pcmio_alsa_start(&pcm.stream), 0);
  CHECK_EQUAL(pcm.starts, 2);
  rig_close(&pcm.bench);
}

/* --- the end of the sound ----------------------------------------------------------------------------------------- */

static void begin_to_drain(fake *pcm) {
  pcmio_pump_set_mode(pcm->bench.pump, PCMIO_DRAINING);
  for (uint32_t i = 0; i < 12 && pcmio_pump_filled(pcm->bench.pump) != 0; i++) {
    cycle(pcm);
  }
  CHECK_EQUAL(note(pcm), PCMIO_NOTE_DRAINED);
  CHECK_EQUAL(pcmio_alsa_drain(&pcm->stream), 0);
}

static void a_drain_ends_when_the_last_frame_is_out_and_its_time_has_come(void) {
  fake pcm;
  fake_open(&pcm, 1, 1);
  fake_play(&pcm);
  pcm.delay = BUFFER + 2 * PERIOD; /* there is more of a way behind the queue */
  begin_to_drain(&pcm);
  uint32_t ended = 0;
  for (uint32_t i = 0; i < 20 && ended == 0; i++) {
    cycle(&pcm);
    ended = note(&pcm);
  }
  CHECK_EQUAL(ended, PCMIO_NOTE_NATIVE_DRAINED);
  is_heard(&pcm, 0, 128, 1);
  CHECK(pcm.heard_count >= 128 + 2 * PERIOD);
  CHECK_EQUAL(pcm.heard[128], 0);
  CHECK_EQUAL(pcm.state, RUNNING); /* in silence, until it is told otherwise */
  CHECK_EQUAL(rig_stats(&pcm.bench).xruns, 0);
  cycle(&pcm);
  CHECK_EQUAL(note(&pcm), 0);
  rig_close(&pcm.bench);
}

static void a_drain_waits_for_the_tail(void) {
  fake pcm;
  fake_open(&pcm, 1, 0);
  pcm.stream.config.tail_frames = 3 * PERIOD;
  fake_play(&pcm);
  begin_to_drain(&pcm);
  while (note(&pcm) == 0) {
    cycle(&pcm);
  }
  CHECK(pcm.heard_count >= 128 + 3 * PERIOD);
  rig_close(&pcm.bench);
}

static void a_device_that_runs_dry_at_the_end_has_drained(void) {
  fake pcm;
  fake_open(&pcm, 1, 1);
  fake_play(&pcm);
  begin_to_drain(&pcm);
  pass(3 * BUFFER); /* this thread was late */
  CHECK_EQUAL(pcm.state, PCMIO_ALSA_XRUN);
  pcmio_alsa_cycle(&pcm.stream, false);
  CHECK_EQUAL(note(&pcm), PCMIO_NOTE_NATIVE_DRAINED);
  CHECK_EQUAL(rig_stats(&pcm.bench).xruns, 0); /* nothing more was to be played */
  rig_close(&pcm.bench);
}

static void nothing_to_drain_is_told_at_once(void) {
  fake pcm;
  fake_open(&pcm, 1, 1);
  CHECK_EQUAL(pcmio_alsa_drain(&pcm.stream), 0);
  CHECK_EQUAL(note(&pcm), PCMIO_NOTE_NATIVE_DRAINED);
  rig_close(&pcm.bench);
}

static void a_discard_throws_away_and_the_next_start_begins_with_new_frames(void) {
  fake pcm;
  fake_open(&pcm, 1, 0);
  rig_fill(&pcm.bench, 1);
  pcmio_pump_set_mode(pcm.bench.pump, PCMIO_RUNNING);
  pcm.takes = 24; /* and 40 more are staged */
  CHECK_EQUAL(pcmio_alsa_start(&pcm.stream), 0);
  pcm.takes = 0;
  pcmio_pump_set_mode(pcm.bench.pump, PCMIO_IDLE);
  CHECK_EQUAL(pcmio_alsa_discard(&pcm.stream), 0);
  CHECK_EQUAL(pcm.state, PREPARED);
  CHECK_EQUAL(pcm.stream.staged, 0);
  pcmio_pump_reset(pcm.bench.pump);
  rig_fill(&pcm.bench, 1000);
  pcmio_pump_set_mode(pcm.bench.pump, PCMIO_RUNNING);
  uint32_t before = pcm.heard_count;
  CHECK_EQUAL(pcmio_alsa_start(&pcm.stream), 0);
  cycle(&pcm);
  is_heard(&pcm, before, PERIOD, 1000);
  rig_close(&pcm.bench);
}

static void who_would_repeat_its_last_buffer_is_held_after_silence(void) {
  fake pcm;
  fake_open(&pcm, 1, 0);
  pcm.stream.config.repeats = 1;
  pcm.stream.config.tail_frames = 2 * PERIOD;
  fake_play(&pcm);
  cycle(&pcm);
  pcmio_pump_set_mode(pcm.bench.pump, PCMIO_IDLE);
  CHECK_EQUAL(pcmio_alsa_discard(&pcm.stream), 0);
  CHECK_EQUAL(pcm.stream.phase, PCMIO_ALSA_FINISHING);
  for (uint32_t i = 0; i < 12 && pcm.stream.phase != PCMIO_ALSA_HELD; i++) {
    cycle(&pcm);
  }
  CHECK_EQUAL(pcm.stream.phase, PCMIO_ALSA_HELD);
  is_heard(&pcm, 0, 2 * PERIOD, 1); /* one more may have been on its way */
  for (uint32_t i = 2 * PERIOD; i < pcm.heard_count; i++) {
    CHECK_EQUAL(pcm.heard[i], 0);
  }
  CHECK(pcm.heard_count >= 4 * PERIOD);
  rig_close(&pcm.bench);
}

/* --- time --------------------------------------------------------------------------------------------------------- */

static void a_block_is_heard_when_the_queue_before_it_has_been_played(void) {
  /* no stamp, one of now, one of 1 ms ago, one of another clock, one of the future */
  uint64_t ages[] = {UINT64_MAX, 0, 1000000, UINT64_C(2000000000), (uint64_t)-5000000};
  for (uint32_t i = 0; i < 5; i++) {
    fake pcm;
    fake_open(&pcm, 1, 1);
    pcm.bench.now = UINT64_C(10000000000);
    uint64_t aged = ages[i] == 1000000 ? 1000000 : 0; /* the others are not believed, or make no difference */
    pcm.stamp_nanos = ages[i] == UINT64_MAX ? 0 : pcm.bench.now - ages[i];
    pcm.delay = 480; /* 10 ms, all of it behind the queue */
    fake_play(&pcm);
    CHECK_EQUAL(pcm.stream.heard_nanos, pcm.bench.now - aged + 10000000 + 1333333);
    CHECK_EQUAL(pcmio_pump_latency(pcm.bench.pump), 10000000);
    rig_close(&pcm.bench);
  }
}

static void a_delay_that_cannot_be_is_what_the_queue_holds(void) {
  long delays[] = {-7, 0, 1L << 30};
  for (uint32_t i = 0; i < 3; i++) {
    fake pcm;
    fake_open(&pcm, 1, 1);
    pcm.delay = delays[i];
    fake_play(&pcm);
    CHECK_EQUAL(pcmio_pump_latency(pcm.bench.pump), 0);
    rig_fill(&pcm.bench, 129);
    cycle(&pcm);
    CHECK_EQUAL(pcmio_pump_latency(pcm.bench.pump), UINT64_C(3000000000) * PERIOD / RIG_RATE);
    rig_close(&pcm.bench);
  }
}

/* --- PCMs without a clock ----------------------------------------------------------------------------------------- */

static void play_without_a_clock(fake *pcm) {
  uint32_t begun = 0;
  int32_t next = fake_play(pcm);
  uint64_t start = pcm->bench.now;
  for (uint32_t i = 0; i < 60; i++) {
    CHECK(pcm->stream.nap_nanos != 0); /* its descriptors are always ready */
    begun += 1;
    pcm->bench.now += pcm->stream.nap_nanos;
    next = rig_fill(&pcm->bench, next);
    pcmio_alsa_cycle(&pcm->stream, false);
    uint64_t passed = (pcm->bench.now - start) * RIG_RATE / 1000000000;
    CHECK(pcm->heard_count <= passed + BUFFER + 1);
    CHECK(pcm->heard_count + 1 >= passed);
  }
  CHECK_EQUAL(begun, 60);
  is_heard(pcm, 0, pcm->heard_count, 1);
  CHECK_EQUAL(rig_stats(&pcm->bench).xruns, 0);
}

static void a_pcm_without_a_clock_gets_the_cores(void) {
  fake pcm;
  fake_open(&pcm, 1, 1);
  pcm.stream.config.clockless = 1;
  pcm.has_no_clock = true;
  play_without_a_clock(&pcm);
  rig_close(&pcm.bench);
}

static void who_does_not_say_so_is_found_out(void) {
  fake pcm;
  fake_open(&pcm, 1, 0);
  pcm.has_no_clock = true;
  int32_t next = fake_play(&pcm);
  next = rig_fill(&pcm.bench, next);
  pcmio_alsa_cycle(&pcm.stream, false);
  CHECK(!pcm.stream.clockless); /* once may be a server that renders ahead, and wants more */
  CHECK_EQUAL(pcm.heard_count, 2 * BUFFER);
  next = rig_fill(&pcm.bench, next);
  pcmio_alsa_cycle(&pcm.stream, false);
  CHECK(pcm.stream.clockless);
  CHECK_EQUAL(pcm.heard_count, 2 * BUFFER);
  CHECK(pcm.stream.nap_nanos != 0);
  pcm.bench.now += TINY_NANOS + 1;
  pcmio_alsa_cycle(&pcm.stream, false);
  CHECK_EQUAL(pcm.heard_count, 2 * BUFFER + PERIOD);
  pcm.has_no_clock = false; /* it had rendered ahead; now it is full, and believed */
  pcm.bench.now += BUFFER * UINT64_C(1000000000) / RIG_RATE;
  rig_fill(&pcm.bench, next);
  pcmio_alsa_cycle(&pcm.stream, false);
  CHECK_EQUAL(queued(), BUFFER);
  pcm.bench.now += UINT64_C(2) * TINY_NANOS;
  pcmio_alsa_cycle(&pcm.stream, false);
  CHECK(!pcm.stream.clockless);
  rig_close(&pcm.bench);
}

static void a_recording_without_a_clock_is_paced_too(void) {
  fake pcm;
  fake_open(&pcm, 0, 0);
  pcm.stream.config.clockless = 1;
  fake_record(&pcm);
  uint64_t start = pcm.bench.now;
  for (uint32_t i = 0; i < 40; i++) {
    pcm.hw = pcm.appl + BUFFER; /* there is always as much as one likes */
    pcmio_alsa_cycle(&pcm.stream, false);
    CHECK(pcm.stream.nap_nanos != 0);
    pcm.bench.now += pcm.stream.nap_nanos;
    pcmio_pump_flush_input(pcm.bench.pump);
  }
  uint64_t passed = (pcm.bench.now - start) * RIG_RATE / 1000000000;
  uint64_t got = pcmio_pump_position(pcm.bench.pump);
  CHECK(got <= passed && got + UINT64_C(2) * BUFFER >= passed);
  rig_close(&pcm.bench);
}

/* --- the thread --------------------------------------------------------------------------------------------------- */

static int descriptor[2];
static _Atomic uint32_t closed;

static int32_t one_descriptor(void *pcm) {
  (void)pcm;
  return 1;
}

static int32_t give_descriptor(void *pcm, void *descriptors, uint32_t room) {
  struct pollfd *wanted = descriptors;
  (void)pcm;
  CHECK_EQUAL(room, 1);
  wanted[0] = (struct pollfd){.fd = descriptor[0], .events = POLLIN};
  return 1;
}

static int32_t tell_events(void *pcm, void *descriptors, uint32_t count, unsigned short *events) {
  const struct pollfd *found = descriptors;
  (void)pcm;
  CHECK_EQUAL(count, 1);
  *events = (unsigned short)found[0].revents;
  return 0;
}

static _Atomic int32_t threads_state = PREPARED;

static int32_t state_of_thread(void *pcm) {
  (void)pcm;
  return atomic_load(&threads_state);
}

static int32_t note_close(void *pcm) {
  (void)pcm;
  atomic_fetch_add(&closed, 1);
  return 0;
}

static int32_t start_of_thread(void *pcm) {
  (void)pcm;
  atomic_store(&threads_state, RUNNING);
  return 0;
}

static long nothing_recorded(void *pcm) {
  (void)pcm;
  return 0;
}

static int32_t fine(void *pcm) {
  (void)pcm;
  atomic_store(&threads_state, PREPARED);
  return 0;
}

static void give_order(pcmio_alsa_stream *stream, pcmio_wakeup *wakeup, uint32_t kind, int32_t expected) {
  uint32_t number = pcmio_alsa_order(stream, kind);
  while (pcmio_alsa_answered(stream) != number) {
    CHECK_EQUAL(pcmio_wakeup_wait(wakeup, INT64_C(10000000000)), 1);
  }
  CHECK_EQUAL(pcmio_alsa_answer(stream), expected);
}

static pcmio_alsa_stream *open_thread(rig *bench, pcmio_wakeup *wakeup, int32_t niceness) {
  pcmio_alsa_api api = {.state = state_of_thread,
                        .avail = nothing_recorded,
                        .prepare = fine,
                        .drop = fine,
                        .start = start_of_thread,
                        .close = note_close,
                        .poll_descriptors_count = one_descriptor,
                        .poll_descriptors = give_descriptor,
                        .poll_descriptors_revents = tell_events};
  pcmio_alsa_config config = fake_config(0, 1);
  config.niceness = niceness;
  rig_open_mono(bench, 0, 1);
  CHECK_EQUAL(pipe(descriptor), 0);
  atomic_store(&closed, 0);
  atomic_store(&threads_state, PREPARED);
  pcmio_alsa_stream *stream = pcmio_alsa_new(&api, &config, bench, bench->pump, wakeup);
  CHECK(stream != NULL);
  while (pcmio_alsa_thread(stream) == 0) {
    CHECK_EQUAL(pcmio_wakeup_wait(wakeup, INT64_C(10000000000)), 1);
  }
  return stream;
}

static void close_thread(rig *bench, pcmio_wakeup *wakeup, pcmio_alsa_stream *stream) {
  give_order(stream, wakeup, PCMIO_ALSA_CLOSE, 0);
  CHECK_EQUAL(atomic_load(&closed), 1);
  pcmio_alsa_free(stream);
  close(descriptor[1]);
  close(descriptor[0]);
  rig_close(bench);
}

static void orders_are_carried_out_one_after_the_other(void) {
  pcmio_wakeup *wakeup = pcmio_wakeup_new();
  for (int32_t niceness = -5; niceness <= 5; niceness += 5) {
    rig bench;
    pcmio_alsa_stream *stream = open_thread(&bench, wakeup, niceness);
    for (uint32_t i = 0; i < 100; i++) {
      give_order(stream, wakeup, PCMIO_ALSA_START, 0);
      pcmio_alsa_poke(stream);
      give_order(stream, wakeup, i % 2 != 0 ? PCMIO_ALSA_PAUSE : PCMIO_ALSA_DISCARD, 0);
    }
    close_thread(&bench, wakeup, stream);
  }
  pcmio_wakeup_free(wakeup);
}

static uint32_t wait_for_note(rig *bench) {
  pcmio_note taken = {0};
  for (uint32_t i = 0; i < 10000 && pcmio_pump_take_note(bench->pump, &taken) == 0; i++) {
    pcmio_sleep_nanos(1000000);
  }
  return taken.kind;
}

static void a_device_that_goes_while_nothing_moves_is_told(void) {
  pcmio_wakeup *wakeup = pcmio_wakeup_new();
  for (uint32_t started = 0; started < 2; started++) {
    rig bench;
    pcmio_alsa_stream *stream = open_thread(&bench, wakeup, 0);
    if (started != 0) {
      give_order(stream, wakeup, PCMIO_ALSA_START, 0);
    }
    atomic_store(&threads_state, PCMIO_ALSA_DISCONNECTED);
    CHECK_EQUAL(wait_for_note(&bench), PCMIO_NOTE_DEVICE_LOST);
    give_order(stream, wakeup, PCMIO_ALSA_START, -ENODEV);
    pcmio_note taken;
    CHECK_EQUAL(pcmio_pump_take_note(bench.pump, &taken), 0);
    close_thread(&bench, wakeup, stream);
  }
  pcmio_wakeup_free(wakeup);
}

static void what_was_not_agreed_on_is_refused(void) {
  rig bench;
  pcmio_alsa_api api = {0};
  rig_open_mono(&bench, 0, 1);
  for (uint32_t wrong = 0; wrong < 6; wrong++) {
    pcmio_alsa_config config = fake_config(0, 1);
    config.output = wrong == 0;
    config.channels = wrong == 1 ? 2 : 1;
    config.sample_bytes = wrong == 2 ? 2 : 4;
    config.buffer_frames = wrong == 3 ? PERIOD - 1 : BUFFER;
    config.planar = wrong == 4;
    config.sign_byte = wrong == 5 ? 2 : 0; /* not in the device's own memory */
    CHECK(pcmio_alsa_new(&api, &config, &bench, bench.pump, NULL) == NULL);
  }
  rig_close(&bench);
}

static void messages_are_written_out_and_cut(void) {
  char text[PCMIO_MESSAGE_BYTES];
  char long_name[400];
  memset(long_name, 'x', sizeof long_name);
  long_name[sizeof long_name - 1] = '\0';
  while (pcmio_message_take(text) != 0) {
  }
  pcmio_alsa_error("pcm.c", 2660, "snd_pcm_open", 0, "Unknown PCM %s (%d)", "foo", 7);
  CHECK_EQUAL(pcmio_message_take(text), 2);
  CHECK_EQUAL(strcmp(text, "libasound: snd_pcm_open: Unknown PCM foo (7)"), 0);
  pcmio_alsa_error("pcm.c", 1, "open", 2, "no %s", "card");
  CHECK_EQUAL(pcmio_message_take(text), 2);
  CHECK_EQUAL(strcmp(text, "libasound: open: no card: error 2"), 0);
  pcmio_alsa_error(NULL, 0, NULL, 5, "%s", long_name);
  pcmio_alsa_error(NULL, 0, long_name, 5, "%s", "text");
  CHECK_EQUAL(pcmio_message_take(text), 2);
  CHECK(strlen(text) > 180 && strlen(text) < PCMIO_MESSAGE_BYTES);
  CHECK(strstr(text, "x: error 5") != NULL);
  CHECK_EQUAL(pcmio_message_take(text), 2);
  CHECK_EQUAL(pcmio_message_take(text), 0);
}

int main(void) {
  RUN(hardware_that_can_pause_holds_its_queue);
  RUN(a_pause_that_cannot_be_undone_starts_anew);
  RUN(what_has_not_started_is_not_paused);
  RUN(who_cannot_pause_plays_its_queue_and_then_holds);
  RUN(a_start_before_the_queue_is_played_goes_on);
  RUN(a_recording_that_pauses_forgets_what_it_has);
  RUN(a_drain_ends_when_the_last_frame_is_out_and_its_time_has_come);
  RUN(a_drain_waits_for_the_tail);
  RUN(a_device_that_runs_dry_at_the_end_has_drained);
  RUN(nothing_to_drain_is_told_at_once);
  RUN(a_discard_throws_away_and_the_next_start_begins_with_new_frames);
  RUN(who_would_repeat_its_last_buffer_is_held_after_silence);
  RUN(a_block_is_heard_when_the_queue_before_it_has_been_played);
  RUN(a_delay_that_cannot_be_is_what_the_queue_holds);
  RUN(a_pcm_without_a_clock_gets_the_cores);
  RUN(who_does_not_say_so_is_found_out);
  RUN(a_recording_without_a_clock_is_paced_too);
  RUN(orders_are_carried_out_one_after_the_other);
  RUN(a_device_that_goes_while_nothing_moves_is_told);
  RUN(what_was_not_agreed_on_is_refused);
  RUN(messages_are_written_out_and_cut);
  return 0;
}
