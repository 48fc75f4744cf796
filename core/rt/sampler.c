/* Native callbacks of the core's own: a test, or a host's author, needs no compiler to have one. */
#include <stdatomic.h>
#include <string.h>

#include "pcmio.h"

/* As large, and as aligned, as what the header shows everywhere. */
static void set(uint64_t *cell, uint64_t value) {
  atomic_store_explicit((_Atomic uint64_t *)cell, value, memory_order_release);
}

/* How many frames of the block have a place in memory, and where that begins. */
static uint32_t piece(const pcmio_sampler *sampler, const pcmio_native_block *block, size_t *bytes, uint8_t **memory) {
  uint64_t left = sampler->frames - sampler->at;
  uint32_t frames = left < block->frames ? (uint32_t)left : block->frames;
  size_t frame_bytes = (size_t)block->channels * pcmio_format_bytes(block->format);
  *bytes = frames * frame_bytes;
  *memory = (uint8_t *)sampler->samples + (size_t)sampler->at * frame_bytes;
  return frames;
}

static void count(pcmio_sampler *sampler, const pcmio_native_block *block, uint32_t frames) {
  set(&sampler->lost, sampler->lost + block->xrun_frames);
  set(&sampler->at, sampler->at + frames);
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
  count(sampler, block, frames);
  return PCMIO_GO_ON;
}

int32_t pcmio_sampler_record(void *user, const pcmio_native_block *block, void *samples) {
  pcmio_sampler *sampler = user;
  uint8_t *memory = NULL;
  size_t bytes = 0;
  uint32_t frames = piece(sampler, block, &bytes, &memory);
  memcpy(memory, samples, bytes);
  count(sampler, block, frames);
  return sampler->at == sampler->frames ? PCMIO_FINISH : PCMIO_GO_ON;
}
