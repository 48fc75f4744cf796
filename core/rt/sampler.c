/* Native callbacks of the core's own, for whoever has all samples beforehand, or wants them all at the end. */
#include <stdatomic.h>
#include <string.h>

#include "clock.h"
#include "pcmio.h"

/* As large, and as aligned, as what the header shows everywhere. */
static void set(uint64_t *cell, uint64_t value) {
  atomic_store_explicit((_Atomic uint64_t *)cell, value, memory_order_release);
}

static uint64_t get(const uint64_t *cell) {
  return atomic_load_explicit((const _Atomic uint64_t *)cell, memory_order_acquire);
}

/* How many frames of the block have a place in memory, and where that begins. */
static uint32_t piece(pcmio_sampler *sampler, const pcmio_native_block *block, size_t *bytes, uint8_t **memory) {
  uint64_t room = get(&sampler->frames); /* Python may end a recording early */
  uint64_t left = room > sampler->at ? room - sampler->at : 0;
  uint32_t frames = left < block->frames ? (uint32_t)left : block->frames;
  size_t frame_bytes = (size_t)block->channels * pcmio_format_bytes(block->format);
  *bytes = frames * frame_bytes;
  *memory = (uint8_t *)sampler->samples + (size_t)sampler->at * frame_bytes;
  return frames;
}

static void tell_start(pcmio_sampler *sampler, const pcmio_native_block *block) {
  if (sampler->starts == NULL) {
    return;
  }
  uint64_t before = pcmio_frames_nanos(sampler->at, block->sample_rate);
  set(&sampler->starts[sampler->start_count % sampler->start_room], block->device_nanos - before);
  set(&sampler->start_count, sampler->start_count + 1);
}

int32_t pcmio_sampler_play(void *user, const pcmio_native_block *block, void *samples) {
  pcmio_sampler *sampler = user;
  uint8_t *memory = NULL;
  size_t bytes = 0;
  uint32_t frames = piece(sampler, block, &bytes, &memory);
  if (frames == 0) {
    return PCMIO_FINISH;
  }
  memcpy(samples, memory, bytes);
  set(&sampler->lost, sampler->lost + block->xrun_frames);
  tell_start(sampler, block);
  set(&sampler->at, sampler->at + frames);
  return PCMIO_GO_ON;
}

/* What is lost before the first frame is kept was never wanted. */
static void leave_gap(pcmio_sampler *sampler, const pcmio_native_block *block) {
  uint64_t frames = get(&sampler->frames);
  set(&sampler->lost, sampler->lost + block->xrun_frames);
  if (sampler->at > 0 && sampler->at < frames) {
    uint64_t left = frames - sampler->at;
    set(&sampler->at, sampler->at + (block->xrun_frames < left ? block->xrun_frames : left));
  }
}

int32_t pcmio_sampler_record(void *user, const pcmio_native_block *block, void *samples) {
  pcmio_sampler *sampler = user;
  uint8_t *memory = NULL;
  size_t bytes = 0;
  if (sampler->go != NULL && get(sampler->go) == 0) {
    return PCMIO_GO_ON;
  }
  leave_gap(sampler, block);
  uint32_t frames = piece(sampler, block, &bytes, &memory);
  memcpy(memory, samples, bytes);
  tell_start(sampler, block);
  set(&sampler->at, sampler->at + frames);
  return sampler->at >= get(&sampler->frames) ? PCMIO_FINISH : PCMIO_GO_ON;
}
