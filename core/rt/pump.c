#include "pump.h"

#include "callback.h"

static uint32_t smaller(uint32_t one, uint32_t other) { return one < other ? one : other; }

/* Counters have one writer each (the audio thread, or Python's), so a plain add is enough; others only read them. */
static void count(_Atomic uint64_t *counter, uint64_t more) {
  atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more, memory_order_relaxed);
}

static uint64_t counted(const _Atomic uint64_t *counter) { return atomic_load_explicit(counter, memory_order_relaxed); }

void pcmio_pump_took(pcmio_durations *durations, uint64_t nanos) {
  count(&durations->count, 1);
  count(&durations->total_nanos, nanos);
  if (nanos > counted(&durations->longest_nanos)) {
    atomic_store_explicit(&durations->longest_nanos, nanos, memory_order_relaxed);
  }
}

static void mark_low_water(pcmio_half *half, uint32_t frames) {
  if (frames < atomic_load_explicit(&half->low_water, memory_order_relaxed)) {
    atomic_store_explicit(&half->low_water, frames, memory_order_relaxed);
  }
}

/* --- between the ring and native buffers: audio thread ------------------------------------------------------------ */

static uint8_t *native_at(const pcmio_half *half, void *base, uint32_t frame) {
  return (uint8_t *)base + (size_t)frame * half->native_bytes * (half->planar ? 1 : half->device_channels);
}

/* One channel of the device's; its samples are native_step() apart. */
static uint8_t *native_channel(const pcmio_half *half, void *const *buffers, uint32_t channel, uint32_t frame) {
  return half->planar ? native_at(half, buffers[channel], frame)
                      : native_at(half, buffers[0], frame) + (size_t)channel * half->native_bytes;
}

static ptrdiff_t native_step(const pcmio_half *half) { return half->planar ? 1 : (ptrdiff_t)half->device_channels; }

/* Whether frames are the same on both sides, sample beside sample. */
static bool is_straight(const pcmio_half *half) { return !half->planar && half->route == NULL; }

static void to_native(const pcmio_half *half, void *const *buffers, uint32_t at, const uint8_t *frames,
                      uint32_t length) {
  if (is_straight(half)) {
    pcmio_gain_convert(&half->gain, native_at(half, buffers[0], at), half->native_format, 1, frames, half->format, 1,
                       length, half->channels);
    return;
  }
  for (uint32_t channel = 0; channel < half->device_channels; channel++) {
    uint32_t played = half->route == NULL ? channel : half->route[channel];
    uint8_t *to = native_channel(half, buffers, channel, at);
    if (played == PCMIO_NO_CHANNEL) {
      pcmio_silence(to, half->native_format, native_step(half), length);
      continue;
    }
    pcmio_gain_convert(&half->gain, to, half->native_format, native_step(half),
                       frames + (size_t)played * half->sample_bytes, half->format, (ptrdiff_t)half->channels, length,
                       1);
  }
}

static void from_native(const pcmio_half *half, uint8_t *frames, void *const *buffers, uint32_t at, uint32_t length) {
  if (is_straight(half)) {
    pcmio_gain_convert(&half->gain, frames, half->format, 1, native_at(half, buffers[0], at), half->native_format, 1,
                       length, half->channels);
    return;
  }
  for (uint32_t channel = 0; channel < half->channels; channel++) {
    uint32_t taken = half->route == NULL ? channel : half->route[channel];
    pcmio_gain_convert(&half->gain, frames + (size_t)channel * half->sample_bytes, half->format,
                       (ptrdiff_t)half->channels, native_channel(half, buffers, taken, at), half->native_format,
                       native_step(half), length, 1);
  }
}

static void silence_native(const pcmio_half *half, void *const *buffers, uint32_t at, uint32_t length) {
  if (!half->planar) {
    pcmio_silence(native_at(half, buffers[0], at), half->native_format, 1, (size_t)length * half->device_channels);
    return;
  }
  for (uint32_t channel = 0; channel < half->device_channels; channel++) {
    pcmio_silence(native_at(half, buffers[channel], at), half->native_format, 1, length);
  }
}

static void count_gap(pcmio_half *half, uint64_t frames) {
  atomic_fetch_add_explicit(&half->xrun_frames, frames, memory_order_relaxed);
  atomic_fetch_add_explicit(&half->gap_frames, frames, memory_order_relaxed);
}

/* A cycle moved `moved` frames and then lacked `missed`.  A gap is one xrun, over however many cycles it goes. */
static void account(pcmio_pump *pump, pcmio_half *half, uint32_t moved, uint32_t missed) {
  if (moved != 0) {
    half->short_of_frames = false;
  }
  if (missed == 0) {
    return;
  }
  count_gap(half, missed);
  if (!half->short_of_frames) {
    half->short_of_frames = true;
    atomic_fetch_add_explicit(&pump->xruns, 1, memory_order_relaxed);
  }
}

/* From the ring as far as it goes, or as the native callback fills it. */
static uint32_t play_ring(pcmio_pump *pump, void *const *outputs, uint32_t frames, uint64_t nanos, uint32_t mode) {
  pcmio_half *half = &pump->out;
  bool fills = mode == PCMIO_RUNNING;
  uint32_t done = 0;
  pcmio_gain_follow(&half->gain, half->ring.slot_frames);
  uint64_t read = atomic_load_explicit(&half->ring.read, memory_order_relaxed);
  pcmio_anchor_set(&half->anchor, read, nanos);
  pcmio_timeline_note(&half->line, read, pump->rate, nanos);
  while (done < frames) {
    uint32_t length = frames - done;
    const uint8_t *piece = pcmio_ring_read_piece(&half->ring, &length);
    if (length == 0 && fills && pcmio_callback_fill(pump, nanos + pcmio_frames_nanos(done, pump->rate))) {
      continue;
    }
    if (length == 0) {
      break;
    }
    to_native(half, outputs, done, piece, length);
    pcmio_gain_advance(&half->gain, length);
    pcmio_ring_did_read(&half->ring, length);
    done += length;
  }
  if (done < frames && fills) { /* what comes next is heard after the gap, not in its place */
    read = atomic_load_explicit(&half->ring.read, memory_order_relaxed);
    pcmio_timeline_note(&half->line, read, pump->rate, nanos + pcmio_frames_nanos(frames, pump->rate));
  }
  count(&pump->output_frames, done);
  return done;
}

static void play(pcmio_pump *pump, void *const *outputs, uint32_t frames, uint64_t nanos, uint32_t mode) {
  pcmio_half *half = &pump->out;
  uint32_t ready = pcmio_ring_readable(&half->ring);
  uint32_t done = mode == PCMIO_IDLE ? 0 : play_ring(pump, outputs, frames, nanos, mode);
  if (done < frames) {
    silence_native(half, outputs, done, frames - done);
  }
  if (mode == PCMIO_RUNNING) {
    bool ended = pcmio_callback_is_over(pump) || atomic_load_explicit(&pump->ended, memory_order_acquire) != 0;
    account(pump, half, done, ended ? 0 : frames - done);
    if (done < frames) { /* what comes next is heard after the gap, not in its place */
      pcmio_anchor_set(&half->anchor, atomic_load_explicit(&half->ring.read, memory_order_relaxed),
                       nanos + pcmio_frames_nanos(frames, pump->rate));
    }
    if (pump->callback == NULL) {
      mark_low_water(half, ready);
    }
  } else if (mode == PCMIO_DRAINING && pcmio_ring_readable(&half->ring) == 0 &&
             atomic_exchange_explicit(&pump->drained, 1, memory_order_relaxed) == 0) {
    pcmio_pump_note(pump, PCMIO_NOTE_DRAINED, 0, nanos + pcmio_frames_nanos(done, pump->rate));
  }
}

/* A block begins in the ring: its time, and what was lost before it, are published with its frames. */
static void stamp(pcmio_pump *pump, uint64_t written, uint64_t nanos) {
  uint64_t slot = written / pump->in.ring.slot_frames % pump->in.ring.slots;
  pump->lost += atomic_exchange_explicit(&pump->in.system_lost, 0, memory_order_relaxed);
  pump->slot_nanos[slot] = nanos;
  pump->slot_lost[slot] = pump->lost;
  pump->lost = 0;
}

static void capture(pcmio_pump *pump, const void *const *inputs, uint32_t frames, uint64_t nanos) {
  pcmio_half *half = &pump->in;
  uint32_t done = 0;
  if (pump->callback == NULL) {
    mark_low_water(half, pcmio_ring_writable(&half->ring));
  }
  pcmio_gain_follow(&half->gain, half->ring.slot_frames);
  while (done < frames) {
    uint64_t written = atomic_load_explicit(&half->ring.written, memory_order_relaxed);
    uint32_t into_slot = (uint32_t)(written % half->ring.slot_frames);
    uint32_t length = smaller(frames - done, half->ring.slot_frames - into_slot);
    uint8_t *piece = pcmio_ring_write_piece(&half->ring, &length);
    if (length == 0) {
      break;
    }
    if (done == 0) {
      pcmio_timeline_note(&half->line, written, pump->rate, nanos);
    }
    if (into_slot == 0) {
      stamp(pump, written, nanos + pcmio_frames_nanos(done, pump->rate));
    }
    from_native(half, piece, (void *const *)inputs, done, length); /* only read */
    pcmio_gain_advance(&half->gain, length);
    pcmio_ring_did_write(&half->ring, length);
    pcmio_callback_take(pump);
    done += length;
    if (pcmio_callback_is_over(pump)) {
      frames = done; /* the rest is nobody's, and so is not lost */
    }
  }
  pump->lost += frames - done;
  account(pump, half, done, frames - done);
  count(&pump->input_frames, done);
}

uint32_t pcmio_pump_ready(const pcmio_pump *pump, uint32_t mode) {
  bool fills = pump->callback != NULL && mode == PCMIO_RUNNING && !pcmio_callback_is_over(pump);
  return fills ? UINT32_MAX : pcmio_ring_readable(&pump->out.ring);
}

/* Asked after every cycle, whatever the ring was like before: a threshold cannot be passed unseen. */
static bool worth_waking(const pcmio_pump *pump) {
  if (pump->callback != NULL) {
    return false;
  }
  uint32_t wanted = atomic_load_explicit(&pump->wanted_frames, memory_order_acquire);
  if (wanted != 0) {
    return (pump->out.channels != 0 ? pcmio_ring_writable(&pump->out.ring) : pcmio_ring_readable(&pump->in.ring)) >=
           wanted;
  }
  if (pump->in.channels != 0 && pcmio_ring_readable(&pump->in.ring) < pump->in.ring.slot_frames) {
    return false;
  }
  return pump->out.channels == 0 ||
         pcmio_ring_writable(&pump->out.ring) >= atomic_load_explicit(&pump->wake_frames, memory_order_relaxed);
}

static void wake(pcmio_pump *pump) {
  atomic_fetch_add_explicit(&pump->wakes, 1, memory_order_relaxed);
  pump->wake(pump->wake_argument);
}

/* A Python thread that was woken and waits for its turn need not be woken again.  Whoever finds `posted` set knows that
 * the thread will yet call pcmio_pump_awake, and will then see the counters of the ring as they are now.  Should it not
 * have called, for whatever reason, the first gap wakes it all the same. */
static void wake_once(pcmio_pump *pump) {
  if (atomic_load_explicit(&pump->posted, memory_order_relaxed) == 0) {
    atomic_store_explicit(&pump->posted_nanos, pcmio_pump_now(pump), memory_order_relaxed);
  }
  bool posted = atomic_exchange_explicit(&pump->posted, 1, memory_order_acq_rel) != 0;
  if (!posted || pump->out.short_of_frames || pump->in.short_of_frames) {
    wake(pump);
  }
}

void pcmio_pump_transfer(pcmio_pump *pump, const void *const *inputs, void *const *outputs, uint32_t frames,
                         uint64_t input_nanos, uint64_t output_nanos) {
  /* Sequentially consistent against pcmio_pump_set_mode and pcmio_pump_settle: who sets IDLE and then sees nobody
   * inside knows that no later transfer touches the rings. */
  atomic_fetch_add(&pump->inside, 1);
  uint32_t mode = atomic_load(&pump->mode);
  if (pump->in.channels != 0 && inputs != NULL && mode == PCMIO_RUNNING && !pcmio_callback_is_over(pump)) {
    capture(pump, inputs, frames, input_nanos);
  }
  if (pump->out.channels != 0 && outputs != NULL) {
    play(pump, outputs, frames, output_nanos, mode);
  }
  if (outputs != NULL || pump->out.channels == 0) { /* some systems bring the two directions one after the other */
    count(&pump->cycles, 1);
  }
  if (frames > atomic_load_explicit(&pump->largest_cycle, memory_order_relaxed)) {
    atomic_store_explicit(&pump->largest_cycle, frames, memory_order_relaxed);
  }
  if (mode == PCMIO_RUNNING && worth_waking(pump)) {
    wake_once(pump);
  }
  pcmio_callback_tell(pump);
  atomic_fetch_sub(&pump->inside, 1);
}

/* --- reports: any native thread ----------------------------------------------------------------------------------- */

void pcmio_pump_xrun(pcmio_pump *pump, uint64_t frames) { pcmio_pump_lost(pump, frames, 0); }

void pcmio_pump_lost(pcmio_pump *pump, uint64_t frames, uint64_t late) {
  if (atomic_load_explicit(&pump->mode, memory_order_relaxed) == PCMIO_IDLE) {
    return;
  }
  atomic_fetch_add_explicit(&pump->xruns, 1, memory_order_relaxed);
  if (pump->out.channels != 0) {
    count_gap(&pump->out, frames);
    atomic_fetch_add_explicit(&pump->out.xrun_frames, late, memory_order_relaxed);
  }
  if (pump->in.channels != 0) {
    count_gap(&pump->in, frames);
    atomic_fetch_add_explicit(&pump->in.system_lost, frames, memory_order_relaxed);
  }
}

void pcmio_pump_note(pcmio_pump *pump, uint32_t kind, int32_t code, uint64_t value) {
  pcmio_notes_put(&pump->notes, (pcmio_note){.kind = kind, .code = code, .value = value});
  wake(pump); /* always: a thread may have taken its notes just before it called pcmio_pump_awake */
}

void pcmio_pump_set_latency(pcmio_pump *pump, uint64_t output_nanos, uint64_t input_nanos) {
  atomic_store_explicit(&pump->out.latency_nanos, output_nanos, memory_order_relaxed);
  atomic_store_explicit(&pump->in.latency_nanos, input_nanos, memory_order_relaxed);
}

/* --- the Python thread's side: nothing here waits ----------------------------------------------------------------- */

void pcmio_pump_set_mode(pcmio_pump *pump, uint32_t mode) {
  /* What was known of the time before a pause says nothing of the time after it. */
  pcmio_anchor_forget(&pump->out.anchor);
  if (mode != PCMIO_DRAINING || pcmio_pump_mode(pump) != PCMIO_RUNNING) {
    pcmio_timeline_stop(&pump->out.line);
    pcmio_timeline_stop(&pump->in.line);
  }
  if (mode == PCMIO_DRAINING) {
    atomic_store_explicit(&pump->drained, 0, memory_order_relaxed);
  }
  atomic_store(&pump->mode, mode);
  if (mode == PCMIO_RUNNING) {
    pcmio_gain_begin(&pump->out.gain);
    pcmio_gain_begin(&pump->in.gain);
    atomic_store_explicit(&pump->out.low_water, PCMIO_NO_CYCLE, memory_order_relaxed);
    atomic_store_explicit(&pump->in.low_water, PCMIO_NO_CYCLE, memory_order_relaxed);
  }
  /* A thread that was woken while it had nothing to do for this stream never called pcmio_pump_awake.  Its delay is
   * none. */
  atomic_store_explicit(&pump->posted_nanos, 0, memory_order_relaxed);
  atomic_exchange_explicit(&pump->posted, 0, memory_order_acq_rel);
}

void pcmio_pump_set_gain(pcmio_pump *pump, double amplitude) {
  pcmio_gain_set(&pump->out.gain, amplitude);
  pcmio_gain_set(&pump->in.gain, amplitude);
}

uint32_t pcmio_pump_mode(const pcmio_pump *pump) { return atomic_load(&pump->mode); }

void pcmio_pump_awake(pcmio_pump *pump) {
  if (atomic_exchange_explicit(&pump->posted, 0, memory_order_acq_rel) == 0) {
    return; /* somebody else woke it */
  }
  uint64_t posted = atomic_exchange_explicit(&pump->posted_nanos, 0, memory_order_relaxed);
  if (posted != 0) {
    uint64_t now = pcmio_pump_now(pump);
    pcmio_pump_took(&pump->wake_delays, now > posted ? now - posted : 0);
  }
}

void pcmio_pump_hurry(pcmio_pump *pump, bool hurry) {
  uint32_t frames = hurry ? pump->out.ring.slot_frames : pump->calm_wake_frames;
  atomic_store_explicit(&pump->wake_frames, frames, memory_order_relaxed);
}

void pcmio_pump_waited(pcmio_pump *pump, uint64_t nanos) {
  if (nanos > counted(&pump->longest_turn_nanos)) {
    atomic_store_explicit(&pump->longest_turn_nanos, nanos, memory_order_relaxed);
  }
}

bool pcmio_pump_has_note(const pcmio_pump *pump) { return pcmio_notes_ready(&pump->notes); }

uint64_t pcmio_pump_now(const pcmio_pump *pump) {
  return pump->clock != NULL ? pump->clock() * pump->clock_nanos : counted(pump->clock_cell);
}

uint64_t pcmio_half_never_back(pcmio_half *half, uint64_t nanos) {
  if (nanos > half->last_nanos) {
    half->last_nanos = nanos;
  }
  return half->last_nanos;
}

void pcmio_pump_exchanged(pcmio_pump *pump, uint32_t frames) {
  pump->position += frames;
  count(&pump->blocks, 1);
}

static void describe_output(pcmio_pump *pump, pcmio_block *block) {
  pcmio_half *half = &pump->out;
  uint64_t written = atomic_load_explicit(&half->ring.written, memory_order_relaxed);
  uint64_t nanos = 0;
  if (pcmio_pump_mode(pump) == PCMIO_IDLE || !pcmio_anchor_time(&half->anchor, written, pump->rate, &nanos)) {
    nanos = block->callback_nanos + counted(&half->latency_nanos) +
            pcmio_frames_nanos(pcmio_ring_readable(&half->ring), pump->rate);
  }
  uint64_t missed = counted(&half->xrun_frames);
  block->output_nanos = pcmio_half_never_back(half, nanos);
  block->output_slot = (uint32_t)(written / half->ring.slot_frames % half->ring.slots);
  block->output_xrun_frames = missed - pump->told_out;
  pump->tell_out = missed;
  pcmio_silence(half->ring.data + (size_t)block->output_slot * half->ring.slot_frames * half->ring.frame_bytes,
                half->format, 1, (size_t)half->ring.slot_frames * half->channels);
}

static void describe_input(pcmio_pump *pump, pcmio_block *block) {
  pcmio_half *half = &pump->in;
  uint64_t read = atomic_load_explicit(&half->ring.read, memory_order_relaxed);
  block->input_slot = (uint32_t)(read / half->ring.slot_frames % half->ring.slots);
  block->input_nanos = pcmio_half_never_back(half, pump->slot_nanos[block->input_slot]);
  block->input_xrun_frames = pump->slot_lost[block->input_slot];
}

static void hand_back(pcmio_pump *pump) {
  if (pump->out.channels != 0) {
    pump->told_out = pump->tell_out;
    pcmio_ring_did_write(&pump->out.ring, pump->out.ring.slot_frames);
  }
  if (pump->in.channels != 0) {
    pcmio_ring_did_read(&pump->in.ring, pump->in.ring.slot_frames);
  }
  pcmio_pump_exchanged(pump, pump->out.channels != 0 ? pump->out.ring.slot_frames : pump->in.ring.slot_frames);
}

int32_t pcmio_pump_step(pcmio_pump *pump, uint32_t finished, pcmio_block *block) {
  if (pump->callback != NULL) {
    return 0;
  }
  uint64_t now = pcmio_pump_now(pump);
  if (finished != 0) {
    pcmio_pump_took(&pump->callbacks, now > pump->prepared_nanos ? now - pump->prepared_nanos : 0);
    hand_back(pump);
  }
  if (pump->out.channels != 0 && pcmio_ring_writable(&pump->out.ring) < pump->out.ring.slot_frames) {
    return 0;
  }
  if (pump->in.channels != 0 && pcmio_ring_readable(&pump->in.ring) < pump->in.ring.slot_frames) {
    return 0;
  }
  pump->prepared_nanos = now;
  *block = (pcmio_block){.callback_nanos = now, .position = pump->position};
  if (pump->out.channels != 0) {
    describe_output(pump, block);
  }
  if (pump->in.channels != 0) {
    describe_input(pump, block);
  }
  return 1;
}

void pcmio_pump_stats(const pcmio_pump *pump, pcmio_stats *stats) {
  *stats = (pcmio_stats){
      .cycles = counted(&pump->cycles),
      .blocks = counted(&pump->blocks),
      .output_frames = counted(&pump->output_frames),
      .input_frames = counted(&pump->input_frames),
      .xruns = counted(&pump->xruns),
      .output_xrun_frames = counted(&pump->out.xrun_frames),
      .input_xrun_frames = counted(&pump->in.xrun_frames),
      .wakes = counted(&pump->wakes),
      .notes_dropped = counted(&pump->notes.dropped),
      .longest_turn_nanos = counted(&pump->longest_turn_nanos),
      .callback_nanos = counted(&pump->callbacks.total_nanos),
      .longest_callback_nanos = counted(&pump->callbacks.longest_nanos),
      .awakenings = counted(&pump->wake_delays.count),
      .wake_delay_nanos = counted(&pump->wake_delays.total_nanos),
      .longest_wake_delay_nanos = counted(&pump->wake_delays.longest_nanos),
      .largest_cycle = atomic_load_explicit(&pump->largest_cycle, memory_order_relaxed),
      .output_low_water = atomic_load_explicit(&pump->out.low_water, memory_order_relaxed),
      .input_low_water = atomic_load_explicit(&pump->in.low_water, memory_order_relaxed),
  };
}

uint64_t pcmio_pump_position(const pcmio_pump *pump) {
  return counted(pump->out.channels != 0 ? &pump->output_frames : &pump->input_frames);
}

uint32_t pcmio_pump_filled(const pcmio_pump *pump) {
  return pcmio_ring_held(pump->out.channels != 0 ? &pump->out.ring : &pump->in.ring);
}

uint64_t pcmio_pump_latency(const pcmio_pump *pump) {
  return counted(pump->out.channels != 0 ? &pump->out.latency_nanos : &pump->in.latency_nanos);
}

/* --- frames and times: any thread --------------------------------------------------------------------------------- */

/* Frames of the ring that the device took or gave; those that come are known while they move. */
static uint64_t taken(const pcmio_pump *pump, const pcmio_half *half) {
  return atomic_load_explicit(pump->out.channels != 0 ? &half->ring.read : &half->ring.written, memory_order_acquire);
}

static bool stands_before(const pcmio_pump *pump, const pcmio_half *half, uint64_t frame) {
  return pcmio_pump_mode(pump) == PCMIO_IDLE && frame + counted(&half->line.offset) >= taken(pump, half);
}

int32_t pcmio_pump_time_of(const pcmio_pump *pump, uint64_t frame, uint64_t *nanos) {
  const pcmio_half *half = pump->out.channels != 0 ? &pump->out : &pump->in;
  return pcmio_timeline_time(&half->line, frame, taken(pump, half), pump->rate, nanos) &&
                 !stands_before(pump, half, frame)
             ? 1
             : 0;
}

int32_t pcmio_pump_frame_at(const pcmio_pump *pump, uint64_t nanos, uint64_t *frame) {
  const pcmio_half *half = pump->out.channels != 0 ? &pump->out : &pump->in;
  return pcmio_timeline_frame(&half->line, nanos, taken(pump, half), pump->rate, frame) &&
                 !stands_before(pump, half, *frame)
             ? 1
             : 0;
}

void pcmio_pump_held(pcmio_pump *pump, uint64_t nanos) { pcmio_timeline_hold(&pump->out.line, nanos); }

int32_t pcmio_pump_take_note(pcmio_pump *pump, pcmio_note *note) {
  return pcmio_notes_take(&pump->notes, note) ? 1 : 0;
}
