/* A native callback as a user writes it: copies to or from memory, keeps what it was told, ends when it was told to. */
#include <stdatomic.h>
#include <string.h>

#include "pcmio_callback.h"

typedef struct {
  pcmio_native_block block; /* the latest */
  uint8_t *memory;          /* of whole blocks, or NULL */
  uint64_t memory_bytes;
  uint64_t moved_bytes;
  uint64_t lost;
  uint32_t frame_bytes;
  uint32_t answer_at; /* this call, counted from 1, gives the answer */
  int32_t answer;
  uint32_t calls;
  uint32_t noisy; /* output that did not arrive silent, calls at once, wrong positions */
  atomic_uint inside;
  atomic_uint hold; /* calls do not return */
} counting;

__attribute__((visibility("default"))) int32_t count_output(void *user, const pcmio_native_block *block, void *samples);
__attribute__((visibility("default"))) int32_t count_input(void *user, const pcmio_native_block *block, void *samples);

static uint64_t begin(counting *it, const pcmio_native_block *block) {
  uint64_t bytes = (uint64_t)block->frames * it->frame_bytes;
  it->noisy += atomic_fetch_add(&it->inside, 1) != 0;
  it->noisy += it->calls != 0 && block->position != it->block.position + it->block.frames;
  it->block = *block;
  it->lost += block->xrun_frames;
  it->calls++;
  while (atomic_load(&it->hold) != 0) {
  }
  return it->memory_bytes - it->moved_bytes < bytes ? 0 : bytes;
}

static int32_t end(counting *it, uint64_t bytes) {
  it->moved_bytes += bytes;
  atomic_fetch_sub(&it->inside, 1);
  return it->calls == it->answer_at ? it->answer : PCMIO_GO_ON;
}

int32_t count_output(void *user, const pcmio_native_block *block, void *samples) {
  counting *it = user;
  uint64_t bytes = begin(it, block);
  const uint8_t *out = samples;
  for (uint64_t at = 1; at < (uint64_t)block->frames * it->frame_bytes; at++) {
    it->noisy += it->frame_bytes == 1 && out[at] != out[0];
  }
  if (bytes != 0) {
    memcpy(samples, it->memory + it->moved_bytes, bytes);
  }
  return end(it, bytes);
}

int32_t count_input(void *user, const pcmio_native_block *block, void *samples) {
  counting *it = user;
  uint64_t bytes = begin(it, block);
  if (bytes != 0) {
    memcpy(it->memory + it->moved_bytes, samples, bytes);
  }
  return end(it, bytes);
}
