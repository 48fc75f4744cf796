#include "clock.h"

#define NANOS 1000000000u

void pcmio_anchor_set(pcmio_anchor *anchor, uint64_t frame, uint64_t nanos) {
  /* Each store releases, so that a reader who sees any of them also sees the odd number before. */
  uint32_t sequence = atomic_load_explicit(&anchor->sequence, memory_order_relaxed);
  atomic_store_explicit(&anchor->sequence, sequence + 1, memory_order_relaxed);
  atomic_store_explicit(&anchor->frame, frame, memory_order_release);
  atomic_store_explicit(&anchor->nanos, nanos, memory_order_release);
  atomic_store_explicit(&anchor->valid, 1, memory_order_release);
  atomic_store_explicit(&anchor->sequence, sequence + 2, memory_order_release);
}

void pcmio_anchor_forget(pcmio_anchor *anchor) { atomic_store_explicit(&anchor->valid, 0, memory_order_relaxed); }

uint64_t pcmio_frames_nanos(uint64_t frames, uint32_t rate) {
  /* Whole seconds apart, so that the product stays below 2^64 for every count a stream can reach. */
  return frames / rate * NANOS + (frames % rate * NANOS + rate / 2) / rate;
}

bool pcmio_anchor_time(const pcmio_anchor *anchor, uint64_t frame, uint32_t rate, uint64_t *nanos) {
  uint64_t at = 0;
  uint64_t base = 0;
  /* The writer is inside for a few nanoseconds; a reader that finds it there so often has been put aside itself. */
  for (uint32_t attempt = 0; attempt < 1000; attempt++) {
    uint32_t before = atomic_load_explicit(&anchor->sequence, memory_order_acquire);
    at = atomic_load_explicit(&anchor->frame, memory_order_acquire);
    base = atomic_load_explicit(&anchor->nanos, memory_order_acquire);
    uint32_t valid = atomic_load_explicit(&anchor->valid, memory_order_acquire);
    if ((before & 1u) == 0 && atomic_load_explicit(&anchor->sequence, memory_order_relaxed) == before) {
      if (valid == 0) {
        return false;
      }
      *nanos = frame >= at ? base + pcmio_frames_nanos(frame - at, rate) : base - pcmio_frames_nanos(at - frame, rate);
      return true;
    }
  }
  return false;
}
