/* A duplex callback as a user writes it: plays single frames, and tells how many frames later each came back. */
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "pcmio_callback.h"

#define MARKS 1023u /* a mark's number is its amplitude, in these parts */
#define LATES 4096u
#define AT 7u /* of a block's frames is the mark */

typedef struct {
  pcmio_native_duplex_block block; /* the latest */
  uint64_t played[MARKS + 1];      /* where each mark is, plus one */
  int64_t late[LATES];
  uint64_t came_back; /* those are told of */
  uint64_t lost_input;
  uint64_t lost_output;
  atomic_uint calls;
  uint32_t every; /* block has a mark */
  uint32_t number;
  uint32_t noisy; /* output that did not arrive silent, calls at once, wrong positions */
  uint32_t answer_at;
  int32_t answer;
  atomic_uint inside;
  atomic_uint hold; /* the next call returns when this is 0 again */
} echoing;

__attribute__((visibility("default"))) int32_t echo(void *user, const pcmio_native_duplex_block *block,
                                                    const void *captured, void *played);

__attribute__((visibility("default"))) bool await_calls(echoing *it, uint32_t more, uint32_t seconds);

static void listen(echoing *it, const pcmio_native_duplex_block *block, const float *captured) {
  for (uint32_t frame = 0; frame < block->frames; frame++) {
    uint32_t number = (uint32_t)(captured[(size_t)frame * block->input_channels] * (MARKS + 1) + 0.5f);
    if (number == 0 || number > MARKS || it->played[number] == 0) {
      continue;
    }
    it->late[it->came_back % LATES] = (int64_t)(block->position + frame + 1 - it->played[number]);
    it->played[number] = 0;
    it->came_back++;
  }
}

int32_t echo(void *user, const pcmio_native_duplex_block *block, const void *captured, void *played) {
  echoing *it = user;
  float *out = played;
  it->noisy += atomic_fetch_add(&it->inside, 1) != 0;
  it->noisy += it->calls != 0 && block->position != it->block.position + it->block.frames + block->input_xrun_frames;
  for (uint32_t at = 0; at < block->frames * block->channels; at++) {
    it->noisy += out[at] != 0;
  }
  it->block = *block;
  it->lost_input += block->input_xrun_frames;
  it->lost_output += block->output_xrun_frames;
  it->calls++;
  while (atomic_load(&it->hold) != 0) {
  }
  listen(it, block, captured);
  if (it->every != 0 && it->calls % it->every == 0) {
    it->number = it->number % MARKS + 1;
    it->played[it->number] = block->position + AT + 1;
    for (uint32_t channel = 0; channel < block->channels; channel++) {
      out[AT * block->channels + channel] = (float)it->number / (MARKS + 1);
    }
  }
  atomic_fetch_sub(&it->inside, 1);
  return it->calls == it->answer_at ? it->answer : PCMIO_GO_ON;
}

/* Its caller may keep the interpreter meanwhile.  False: not so many came in that time. */
bool await_calls(echoing *it, uint32_t more, uint32_t seconds) {
  uint32_t wanted = atomic_load(&it->calls) + more;
  time_t end = time(NULL) + (time_t)seconds;
  while ((int32_t)(atomic_load(&it->calls) - wanted) < 0) {
    if (time(NULL) > end) {
      return false;
    }
  }
  return true;
}
