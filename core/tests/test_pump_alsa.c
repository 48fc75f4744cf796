/* The loop of an ALSA stream, with a PCM in memory that comes to whatever libasound reports. */
#include "alsa_fake.h"

/* --- playing ------------------------------------------------------------------------------------------------------ */

static void a_start_fills_the_queue_and_then_starts_the_device(void) {
  for (uint32_t mapped = 0; mapped < 2; mapped++) {
    fake pcm;
    fake_open(&pcm, 1, mapped);
    fake_play(&pcm);
    CHECK_EQUAL(queued(), BUFFER);
    CHECK_EQUAL(pcm.starts, 1);
    CHECK_EQUAL(pcm.state, RUNNING);
    for (uint32_t i = 0; i < 4; i++) {
      cycle(&pcm);
    }
    is_heard(&pcm, 0, 4 * PERIOD, 1);
    CHECK_EQUAL(rig_stats(&pcm.bench).xruns, 0);
    rig_close(&pcm.bench);
  }
}

static void an_empty_queue_is_never_started(void) {
  fake pcm;
  fake_open(&pcm, 1, 1);
  pcmio_pump_set_mode(pcm.bench.pump, PCMIO_RUNNING);
  CHECK_EQUAL(pcmio_alsa_start(&pcm.stream), 0); /* fake_start looks at the queue */
  CHECK_EQUAL(pcm.starts, 1);
  CHECK_EQUAL(queued(), PERIOD); /* of silence */
  rig_close(&pcm.bench);
}

static void what_python_has_not_ready_can_wait_while_the_queue_lasts(void) {
  fake pcm;
  fake_open(&pcm, 1, 1);
  fake_play(&pcm); /* 128 frames */
  for (uint32_t i = 0; i < 4; i++) {
    cycle(&pcm);
  }
  CHECK_EQUAL(queued(), BUFFER); /* and the ring is empty */
  cycle(&pcm);
  CHECK_EQUAL(queued(), BUFFER - PERIOD);
  CHECK_EQUAL(atomic_load(&pcm.stream.owing), 1);
  CHECK(pcm.stream.nap_nanos > UINT64_C(2) * TINY_NANOS); /* until one period is left, and not until there is room */
  CHECK_EQUAL(rig_stats(&pcm.bench).xruns, 0);
  CHECK(rig_put_block(&pcm.bench, 129)); /* late, but not too late */
  pcmio_alsa_cycle(&pcm.stream, false);
  CHECK_EQUAL(queued(), BUFFER);
  CHECK_EQUAL(atomic_load(&pcm.stream.owing), 0);
  CHECK_EQUAL(pcm.stream.nap_nanos, 0);
  pass(BUFFER);
  is_heard(&pcm, 0, 144, 1);
  rig_close(&pcm.bench);
}

static void silence_takes_the_place_of_what_is_missing_only_when_it_must(void) {
  fake pcm;
  fake_open(&pcm, 1, 0);
  fake_play(&pcm);
  for (uint32_t i = 0; i < 8; i++) {
    cycle(&pcm);
  }
  CHECK_EQUAL(queued(), PERIOD); /* 128 frames were played or wait: one period of silence was added at the end */
  CHECK_EQUAL(rig_stats(&pcm.bench).output_xrun_frames, PERIOD);
  CHECK_EQUAL(rig_stats(&pcm.bench).xruns, 1);
  CHECK_EQUAL(pcm.state, RUNNING);
  rig_close(&pcm.bench);
}

static void a_wake_up_for_little_writes_nothing(void) {
  fake pcm;
  fake_open(&pcm, 1, 1);
  fake_play(&pcm);
  for (uint32_t i = 0; i < 3; i++) {
    pass(PERIOD / 8);
    pcmio_alsa_cycle(&pcm.stream, false);
    CHECK_EQUAL(queued(), BUFFER - (i + 1) * (PERIOD / 8));
    CHECK((pcm.stream.nap_nanos != 0) == (i >= 2)); /* by then it is no chance: the clock decides */
  }
  pass(PERIOD / 8);
  pcmio_alsa_cycle(&pcm.stream, false);
  CHECK_EQUAL(queued(), BUFFER);
  CHECK_EQUAL(pcm.stream.nap_nanos, 0);
  rig_close(&pcm.bench);
}

/* As snd-aloop's, which moves by jiffies: 15 of 16 frames, and sometimes more than 16. */
static void a_pointer_that_moves_in_steps_of_its_own_is_kept_up_with(void) {
  static const uint32_t STEPS[] = {PERIOD - 1, PERIOD - 1, PERIOD + 2, PERIOD / 2};
  for (uint32_t output = 0; output < 2; output++) {
    fake pcm;
    fake_open(&pcm, output, 1);
    if (output != 0) {
      fake_play(&pcm);
    } else {
      fake_record(&pcm);
    }
    uint32_t read = 0;
    for (uint32_t i = 0; i < 4; i++) {
      pass(STEPS[i]);
      pcmio_alsa_cycle(&pcm.stream, false);
      read += STEPS[i];
      CHECK_EQUAL(queued(), output != 0 ? BUFFER : 0);
      CHECK(output != 0 || pcmio_pump_position(pcm.bench.pump) == read);
    }
    rig_close(&pcm.bench);
  }
}

static void a_plugin_that_has_more_room_than_its_buffer_is_not_believed(void) {
  fake pcm;
  fake_open(&pcm, 1, 0);
  rig_fill(&pcm.bench, 1);
  pcmio_pump_set_mode(pcm.bench.pump, PCMIO_RUNNING);
  pcm.avail_is = 1000000;
  CHECK_EQUAL(pcmio_alsa_start(&pcm.stream), 0);
  CHECK_EQUAL(queued(), BUFFER);
  rig_close(&pcm.bench);
}

static void what_a_write_does_not_take_comes_first_at_the_next(void) {
  fake pcm;
  fake_open(&pcm, 1, 0);
  rig_fill(&pcm.bench, 1);
  pcmio_pump_set_mode(pcm.bench.pump, PCMIO_RUNNING);
  pcm.takes = 24;
  CHECK_EQUAL(pcmio_alsa_start(&pcm.stream), 0);
  CHECK_EQUAL(queued(), 24);
  CHECK_EQUAL(pcm.stream.staged, BUFFER - 24);
  CHECK(pcm.stream.nap_nanos != 0);
  pcm.takes = 0;
  pcmio_alsa_cycle(&pcm.stream, false);
  for (uint32_t i = 0; i < 6; i++) {
    cycle(&pcm);
  }
  is_heard(&pcm, 0, 6 * PERIOD, 1);
  rig_close(&pcm.bench);
}

/* --- recording ---------------------------------------------------------------------------------------------------- */

static void a_recording_is_started_and_read_in_whole(void) {
  for (uint32_t mapped = 0; mapped < 2; mapped++) {
    fake pcm;
    pcmio_block block;
    fake_open(&pcm, 0, mapped);
    fake_record(&pcm);
    CHECK_EQUAL(pcm.starts, 1);
    pass(PERIOD / 2 - 1);
    pcmio_alsa_cycle(&pcm.stream, false);
    CHECK_EQUAL(pcmio_pump_position(pcm.bench.pump), 0); /* too little */
    pass(7 * PERIOD / 2);
    pcmio_alsa_cycle(&pcm.stream, false);
    CHECK_EQUAL(pcmio_pump_position(pcm.bench.pump), 4 * PERIOD - 1);
    CHECK_EQUAL(pcmio_pump_step(pcm.bench.pump, 0, &block), 1);
    for (int32_t i = 0; i < 32; i++) {
      CHECK_EQUAL(rig_in_slot(&pcm.bench, &block)[i], 1 + i);
    }
    CHECK_EQUAL((block.input_nanos + 50) / 100, RIG_START_NANOS / 100);
    rig_close(&pcm.bench);
  }
}

static void recorded_24_bits_get_their_sign(void) {
  for (uint32_t sign = 1; sign <= 2; sign++) {
    fake pcm;
    pcmio_block block;
    fake_open(&pcm, 0, 0);
    pcm.stream.config.sign_byte = sign;
    pcm.next_recorded = (int32_t)0x5aff80a5; /* a byte at each end that is no sign, and one within that is */
    fake_record(&pcm);
    cycle(&pcm);
    cycle(&pcm);
    CHECK_EQUAL(pcmio_pump_step(pcm.bench.pump, 0, &block), 1);
    const uint8_t *bytes = (const uint8_t *)rig_in_slot(&pcm.bench, &block);
    CHECK_EQUAL(bytes[sign == 2 ? 3 : 0], (bytes[sign] & 0x80) != 0 ? 0xff : 0);
    rig_close(&pcm.bench);
  }
}

/* --- channels that are apart -------------------------------------------------------------------------------------- */

static int32_t left[BUFFER];
static int32_t right[BUFFER];
static long apart_queued;

static long apart_avail(void *pcm) {
  (void)pcm;
  return at->stream.config.output != 0 ? (long)BUFFER - apart_queued : apart_queued;
}

static int32_t apart_start(void *pcm) {
  (void)pcm;
  at->state = RUNNING;
  return 0;
}

static int32_t apart_begin(void *pcm, const void **areas, unsigned long *offset, unsigned long *frames) {
  /* One after the other in one block, as drivers have them: the second begins after the first's whole buffer. */
  static int32_t block[2 * BUFFER];
  static pcmio_alsa_area found[2];
  (void)pcm;
  found[0] = (pcmio_alsa_area){block, 0, 32};
  found[1] = (pcmio_alsa_area){block, BUFFER * 32, 32};
  if (at->stream.config.output == 0) {
    memcpy(block, left, sizeof left);
    memcpy(block + BUFFER, right, sizeof right);
  }
  *areas = found;
  *offset = 0;
  *frames = *frames < BUFFER ? *frames : BUFFER;
  return 0;
}

static long apart_commit(void *pcm, unsigned long offset, unsigned long frames) {
  const void *areas = NULL;
  unsigned long most = BUFFER;
  CHECK_EQUAL(offset, 0);
  apart_queued = at->stream.config.output != 0 ? (long)frames : apart_queued - (long)frames;
  if (at->stream.config.output != 0) {
    apart_begin(pcm, &areas, &offset, &most);
    const pcmio_alsa_area *found = areas;
    memcpy(left, found[0].addr, frames * 4);
    memcpy(right, (const int32_t *)found[1].addr + found[1].first / 32, frames * 4);
  }
  return (long)frames;
}

static long apart_writen(void *pcm, void **buffers, unsigned long frames) {
  (void)pcm;
  memcpy(left, buffers[0], frames * 4);
  memcpy(right, buffers[1], frames * 4);
  apart_queued = (long)frames;
  return (long)frames;
}

static long apart_readn(void *pcm, void **buffers, unsigned long frames) {
  (void)pcm;
  memcpy(buffers[0], left, frames * 4);
  memcpy(buffers[1], right, frames * 4);
  apart_queued -= (long)frames;
  return (long)frames;
}

static void open_apart(fake *pcm, uint32_t output, uint32_t mapped) {
  fake_open(pcm, output, mapped);
  rig_close(&pcm->bench);
  pcmio_pump_config config = rig_config(&pcm->bench);
  config.out_channels = output != 0 ? 2 : 0;
  config.in_channels = output != 0 ? 0 : 2;
  config.out_planar = config.in_planar = 1;
  rig_open(&pcm->bench, &config);
  pcm->stream.pump = pcm->bench.pump;
  pcm->stream.config.channels = 2;
  pcm->stream.config.planar = 1;
  pcm->stream.api.avail = apart_avail;
  pcm->stream.api.start = apart_start;
  pcm->stream.api.mmap_begin = apart_begin;
  pcm->stream.api.mmap_commit = apart_commit;
  pcm->stream.api.writen = apart_writen;
  pcm->stream.api.readn = apart_readn;
  apart_queued = output != 0 ? 0 : 32;
}

static void channels_that_are_apart_are_kept_apart(void) {
  for (uint32_t mapped = 0; mapped < 2; mapped++) {
    fake pcm;
    pcmio_block block;
    open_apart(&pcm, 1, mapped);
    CHECK_EQUAL(pcmio_pump_step(pcm.bench.pump, 0, &block), 1);
    for (int32_t i = 0; i < 64; i++) {
      ((int32_t *)pcm.bench.config.out_data)[i] = i % 2 == 0 ? i + 1 : -i;
    }
    pcmio_pump_step(pcm.bench.pump, 1, &block);
    pcmio_pump_set_mode(pcm.bench.pump, PCMIO_RUNNING);
    CHECK_EQUAL(pcmio_alsa_start(&pcm.stream), 0);
    for (int32_t i = 0; i < 32; i++) {
      CHECK_EQUAL(left[i], 2 * i + 1);
      CHECK_EQUAL(right[i], -(2 * i + 1));
    }
    rig_close(&pcm.bench);
    open_apart(&pcm, 0, mapped);
    fake_record(&pcm);
    CHECK_EQUAL(pcmio_pump_step(pcm.bench.pump, 0, &block), 1);
    for (int32_t i = 0; i < 64; i++) {
      CHECK_EQUAL(((const int32_t *)pcm.bench.config.in_data)[i], i % 2 == 0 ? i + 1 : -i);
    }
    rig_close(&pcm.bench);
  }
}

/* --- misfortune --------------------------------------------------------------------------------------------------- */

static void an_underrun_is_counted_and_played_on_from(void) {
  for (uint32_t mapped = 0; mapped < 2; mapped++) {
    fake pcm;
    fake_open(&pcm, 1, mapped);
    fake_play(&pcm);
    pass(BUFFER + 1);
    CHECK_EQUAL(pcm.state, PCMIO_ALSA_XRUN);
    pcm.trigger_nanos = pcm.bench.now;
    pcm.bench.now += 2000000; /* 96 frames later somebody notices */
    pcmio_alsa_cycle(&pcm.stream, false);
    CHECK_EQUAL(pcm.state, RUNNING);
    CHECK_EQUAL(pcm.prepares, 1);
    CHECK_EQUAL(rig_stats(&pcm.bench).xruns, 1);
    CHECK_EQUAL(rig_stats(&pcm.bench).output_xrun_frames, 96);
    cycle(&pcm);
    is_heard(&pcm, BUFFER, PERIOD, BUFFER + 1);
    CHECK_EQUAL(note(&pcm), 0);
    rig_close(&pcm.bench);
  }
}

static void an_underrun_without_a_time_or_with_one_of_before_counts_no_frames(void) {
  uint64_t stamps[] = {0, RIG_START_NANOS * UINT64_C(20), 1};
  for (uint32_t i = 0; i < 3; i++) {
    fake pcm;
    fake_open(&pcm, 1, 1);
    fake_play(&pcm);
    pcm.bench.now += UINT64_C(11000000000);
    pcm.state = PCMIO_ALSA_XRUN;
    pcm.trigger_nanos = stamps[i];
    pcmio_alsa_cycle(&pcm.stream, false);
    CHECK_EQUAL(rig_stats(&pcm.bench).xruns, 1);
    CHECK_EQUAL(rig_stats(&pcm.bench).output_xrun_frames, 0);
    rig_close(&pcm.bench);
  }
}

static void an_underrun_that_only_a_call_tells_is_recovered_too(void) {
  fake pcm;
  fake_open(&pcm, 1, 1);
  fake_play(&pcm);
  pcm.avail_is = -EPIPE; /* while the state still says RUNNING */
  cycle(&pcm);
  CHECK_EQUAL(pcm.prepares, 1);
  CHECK_EQUAL(pcm.state, RUNNING);
  rig_fill(&pcm.bench, 129);
  pcm.commits_short = true;
  cycle(&pcm);
  CHECK_EQUAL(pcm.prepares, 2);
  CHECK_EQUAL(pcm.state, RUNNING);
  CHECK_EQUAL(rig_stats(&pcm.bench).xruns, 2);
  rig_close(&pcm.bench);
}

static void an_overrun_starts_the_recording_anew(void) {
  fake pcm;
  fake_open(&pcm, 0, 1);
  fake_record(&pcm);
  pass(BUFFER + 8);
  CHECK_EQUAL(pcm.state, PCMIO_ALSA_XRUN);
  pcm.trigger_nanos = pcm.bench.now;
  pcmio_alsa_cycle(&pcm.stream, false);
  CHECK_EQUAL(pcm.state, RUNNING);
  CHECK_EQUAL(pcm.starts, 2);
  CHECK_EQUAL(rig_stats(&pcm.bench).input_xrun_frames, BUFFER); /* that it had and lost */
  rig_close(&pcm.bench);
}

static void a_suspended_device_is_woken_as_soon_as_it_can(void) {
  for (uint32_t output = 0; output < 2; output++) {
    fake pcm;
    fake_open(&pcm, output, 1);
    pcm.stream.config.can_resume = 1;
    output != 0 ? (void)fake_play(&pcm) : fake_record(&pcm);
    pcm.state = PCMIO_ALSA_SUSPENDED;
    for (uint32_t i = 0; i < 3; i++) {
      pcm.resume_is = -EAGAIN;
      pcmio_alsa_cycle(&pcm.stream, false);
      CHECK_EQUAL(pcm.stream.nap_nanos, 100000000);
    }
    pcmio_alsa_cycle(&pcm.stream, false);
    CHECK_EQUAL(pcm.state, RUNNING);
    CHECK_EQUAL(note(&pcm), PCMIO_NOTE_SUSPENDED);
    CHECK_EQUAL(note(&pcm), PCMIO_NOTE_RESUMED);
    CHECK_EQUAL(note(&pcm), 0);
    CHECK_EQUAL(pcm.resumes, 4);
    CHECK_EQUAL(pcm.prepares, 0);
    rig_close(&pcm.bench);
  }
}

static void who_cannot_resume_is_prepared(void) {
  for (uint32_t output = 0; output < 2; output++) {
    fake pcm;
    fake_open(&pcm, output, 1);
    output != 0 ? (void)fake_play(&pcm) : fake_record(&pcm);
    pcm.avail_is = -ESTRPIPE;
    pcmio_alsa_cycle(&pcm.stream, false);
    CHECK_EQUAL(pcm.resumes, 0);
    CHECK_EQUAL(pcm.prepares, 1);
    CHECK_EQUAL(pcm.starts, 2);
    CHECK_EQUAL(pcm.state, RUNNING);
    CHECK_EQUAL(note(&pcm), PCMIO_NOTE_SUSPENDED);
    CHECK_EQUAL(note(&pcm), PCMIO_NOTE_RESUMED);
    rig_close(&pcm.bench);
  }
}

static void lose_by(fake *pcm, uint32_t way) {
  if (way == 0) {
    pcm->state = PCMIO_ALSA_DISCONNECTED;
  } else if (way == 1) {
    pcm->avail_is = -ENODEV;
  } else if (way == 2) {
    pcm->state = PCMIO_ALSA_XRUN; /* an honest xrun just before */
    pcm->prepare_is = -ENODEV;
  } else if (way == 3) {
    pcm->avail_is = -EIO;
    pcm->prepare_is = -ENODEV;
  }
  pcmio_alsa_cycle(&pcm->stream, way == 4);
}

static void a_device_that_goes_is_told_exactly_once(void) {
  for (uint32_t way = 0; way < 5; way++) {
    for (uint32_t output = 0; output < 2; output++) {
      fake pcm;
      fake_open(&pcm, output, 1);
      output != 0 ? (void)fake_play(&pcm) : fake_record(&pcm);
      pass(PERIOD);
      lose_by(&pcm, way);
      CHECK_EQUAL(pcm.stream.phase, PCMIO_ALSA_LOST);
      pcmio_alsa_cycle(&pcm.stream, true);
      pcmio_alsa_look(&pcm.stream, true);
      CHECK_EQUAL(pcmio_alsa_pause(&pcm.stream), 0);
      CHECK_EQUAL(pcmio_alsa_discard(&pcm.stream), 0);
      CHECK_EQUAL(pcmio_alsa_drain(&pcm.stream), 0);
      CHECK_EQUAL(pcmio_alsa_start(&pcm.stream), -ENODEV);
      CHECK_EQUAL(note(&pcm), PCMIO_NOTE_DEVICE_LOST);
      CHECK_EQUAL(note(&pcm), 0);
      rig_close(&pcm.bench);
    }
  }
}

static void a_device_that_fails_is_tried_again_but_not_for_ever(void) {
  fake pcm;
  fake_open(&pcm, 0, 1);
  fake_record(&pcm);
  for (uint32_t i = 0; i < 5; i++) {
    pcm.avail_is = -EIO;
    pcmio_alsa_cycle(&pcm.stream, false);
  }
  CHECK_EQUAL(pcm.stream.phase, PCMIO_ALSA_MOVING);
  cycle(&pcm); /* a period of frames: all is forgiven */
  CHECK_EQUAL(pcm.stream.failures, 0);
  for (uint32_t i = 0; i < 20; i++) {
    pcm.avail_is = -EIO;
    pcmio_alsa_cycle(&pcm.stream, false);
  }
  CHECK_EQUAL(pcm.stream.phase, PCMIO_ALSA_LOST);
  CHECK_EQUAL(note(&pcm), PCMIO_NOTE_FAILED);
  CHECK_EQUAL(note(&pcm), 0);
  rig_close(&pcm.bench);
}

static void who_cannot_be_made_ready_any_more_is_gone(void) {
  fake pcm;
  fake_open(&pcm, 1, 0);
  fake_play(&pcm);
  for (uint32_t i = 0; i < 20; i++) {
    pcm.avail_is = -EPIPE;
    pcm.prepare_is = -ECONNREFUSED;
    pcmio_alsa_cycle(&pcm.stream, false);
  }
  pcmio_note taken = {0};
  CHECK_EQUAL(pcmio_pump_take_note(pcm.bench.pump, &taken), 1);
  CHECK_EQUAL(taken.kind, PCMIO_NOTE_DEVICE_LOST);
  CHECK_EQUAL(taken.code, -ECONNREFUSED);
  CHECK_EQUAL(note(&pcm), 0);
  rig_close(&pcm.bench);
}

static void an_interrupted_call_is_made_again(void) {
  fake pcm;
  fake_open(&pcm, 1, 1);
  fake_play(&pcm);
  pcm.avail_is = -EINTR;
  cycle(&pcm);
  CHECK_EQUAL(pcm.prepares, 0);
  CHECK(pcm.stream.nap_nanos != 0);
  pcmio_alsa_cycle(&pcm.stream, false);
  CHECK_EQUAL(queued(), BUFFER);
  rig_close(&pcm.bench);
}

static void who_was_stopped_from_outside_is_started_anew(void) {
  fake pcm;
  fake_open(&pcm, 1, 1);
  fake_play(&pcm);
  fake_drop(&pcm);
  pcmio_alsa_cycle(&pcm.stream, false);
  CHECK_EQUAL(pcm.state, RUNNING);
  CHECK_EQUAL(queued(), BUFFER);
  rig_close(&pcm.bench);
}

static void a_start_that_fails_says_so(void) {
  fake pcm;
  fake_open(&pcm, 0, 1);
  pcm.start_is = -EBUSY;
  CHECK_EQUAL(pcmio_alsa_start(&pcm.stream), -EBUSY);
  CHECK_EQUAL(pcm.stream.phase, PCMIO_ALSA_HELD);
  pcm.start_is = -ENODEV;
  CHECK_EQUAL(pcmio_alsa_start(&pcm.stream), -ENODEV);
  CHECK_EQUAL(note(&pcm), PCMIO_NOTE_DEVICE_LOST);
  CHECK_EQUAL(note(&pcm), 0);
  rig_close(&pcm.bench);
}

int main(void) {
  RUN(a_start_fills_the_queue_and_then_starts_the_device);
  RUN(an_empty_queue_is_never_started);
  RUN(what_python_has_not_ready_can_wait_while_the_queue_lasts);
  RUN(silence_takes_the_place_of_what_is_missing_only_when_it_must);
  RUN(a_wake_up_for_little_writes_nothing);
  RUN(a_pointer_that_moves_in_steps_of_its_own_is_kept_up_with);
  RUN(a_plugin_that_has_more_room_than_its_buffer_is_not_believed);
  RUN(what_a_write_does_not_take_comes_first_at_the_next);
  RUN(a_recording_is_started_and_read_in_whole);
  RUN(recorded_24_bits_get_their_sign);
  RUN(channels_that_are_apart_are_kept_apart);
  RUN(an_underrun_is_counted_and_played_on_from);
  RUN(an_underrun_without_a_time_or_with_one_of_before_counts_no_frames);
  RUN(an_underrun_that_only_a_call_tells_is_recovered_too);
  RUN(an_overrun_starts_the_recording_anew);
  RUN(a_suspended_device_is_woken_as_soon_as_it_can);
  RUN(who_cannot_resume_is_prepared);
  RUN(a_device_that_goes_is_told_exactly_once);
  RUN(a_device_that_fails_is_tried_again_but_not_for_ever);
  RUN(who_cannot_be_made_ready_any_more_is_gone);
  RUN(an_interrupted_call_is_made_again);
  RUN(who_was_stopped_from_outside_is_started_anew);
  RUN(a_start_that_fails_says_so);
  return 0;
}
