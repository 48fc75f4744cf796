/* The native callback stands where Python's thread does otherwise, on the other side of the same ring: a block is
 * filled at the moment when the ring has run empty, or taken when it is full.  So all else stays as it is: cycles need
 * not be whole blocks, and what is left of one is drained, kept over a pause, counted and thrown away like any other.
 */
#include "callback.h"

bool pcmio_callback_is_over(const pcmio_pump *pump) { return pump->callback_answer != PCMIO_GO_ON; }

static bool answers(pcmio_pump *pump, const pcmio_half *half, pcmio_native_block *block, void *samples) {
  block->position = pump->position;
  block->callback_nanos = pcmio_pump_now(pump);
  block->frames = half->ring.slot_frames;
  block->channels = half->channels;
  block->sample_rate = pump->rate;
  block->format = half->format;
  pump->callback_answer = pump->callback(pump->callback_user, block, samples);
  uint64_t now = pcmio_pump_now(pump);
  pcmio_pump_took(&pump->callbacks, now > block->callback_nanos ? now - block->callback_nanos : 0);
  return !pcmio_callback_is_over(pump);
}

bool pcmio_callback_fill(pcmio_pump *pump, uint64_t nanos) {
  pcmio_half *half = &pump->out;
  uint32_t frames = half->ring.slot_frames;
  if (pump->callback == NULL || pcmio_callback_is_over(pump)) {
    return false;
  }
  uint8_t *samples = pcmio_ring_write_piece(&half->ring, &frames);
  uint64_t missed = atomic_load_explicit(&half->xrun_frames, memory_order_relaxed);
  pcmio_native_block block = {
      .device_nanos = pcmio_half_never_back(half, nanos),
      .xrun_frames = missed - pump->told_out,
  };
  pcmio_silence(samples, half->format, 1, (size_t)frames * half->channels);
  if (!answers(pump, half, &block, samples)) {
    return false;
  }
  pump->told_out = pump->tell_out = missed;
  pcmio_ring_did_write(&half->ring, frames);
  pcmio_pump_exchanged(pump, frames);
  return true;
}

void pcmio_callback_take(pcmio_pump *pump) {
  pcmio_half *half = &pump->in;
  uint32_t frames = half->ring.slot_frames;
  if (pump->callback == NULL || pcmio_ring_readable(&half->ring) < frames) {
    return;
  }
  uint64_t slot = atomic_load_explicit(&half->ring.read, memory_order_relaxed) / frames % half->ring.slots;
  uint8_t *samples = pcmio_ring_read_piece(&half->ring, &frames);
  pcmio_native_block block = {
      .device_nanos = pcmio_half_never_back(half, pump->slot_nanos[slot]),
      .xrun_frames = pump->slot_lost[slot],
  };
  if (answers(pump, half, &block, samples)) {
    pcmio_ring_did_read(&half->ring, frames);
    pcmio_pump_exchanged(pump, frames);
  }
}

/* Should there be no room for the note, the next cycle finds some. */
void pcmio_callback_tell(pcmio_pump *pump) {
  if (!pcmio_callback_is_over(pump) || pump->callback_told) {
    return;
  }
  pcmio_note note = {.kind = PCMIO_NOTE_CALLBACK_OVER, .code = pump->callback_answer};
  pump->callback_told = pcmio_notes_put(&pump->notes, note);
  pump->wake(pump->wake_argument);
}
