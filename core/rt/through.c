/* What a duplex stream does with a native callback: a block of input brings forth one of output, on the audio thread of
 * the input, which alone writes to the output's ring.
 *
 * How the two are brought together, and why, stands in src/pcmio/_pairing.py, which decides; here it is counted, and
 * what the counting asks for is done.  What Python decides may come late: until it does, the count of before holds. */
#include "pump.h"

/* Cells that two threads share are as large, and as aligned, as what the header shows everywhere. */
static uint64_t get(const uint64_t *cell) {
  return atomic_load_explicit((const _Atomic uint64_t *)cell, memory_order_acquire);
}

static void set(uint64_t *cell, uint64_t value) {
  atomic_store_explicit((_Atomic uint64_t *)cell, value, memory_order_release);
}

static int64_t get_signed(const int64_t *cell) {
  return atomic_load_explicit((const _Atomic int64_t *)cell, memory_order_relaxed);
}

static void set_signed(int64_t *cell, int64_t value) {
  atomic_store_explicit((_Atomic int64_t *)cell, value, memory_order_relaxed);
}

/* --- counting: the input's audio thread --------------------------------------------------------------------------- */

static int64_t put(pcmio_through *it, const uint8_t *samples, int64_t frames) {
  const pcmio_half *half = &it->output->out;
  int64_t done = pcmio_pump_put(it->output, samples, half->format, half->channels, (uint32_t)frames);
  it->lead += done;
  return done;
}

static void put_silence(pcmio_through *it, int64_t frames) {
  int64_t block = it->output->out.ring.slot_frames;
  while (frames > 0) {
    int64_t piece = frames < block ? frames : block;
    if (put(it, it->silence, piece) < piece) {
      return;
    }
    frames -= piece;
  }
}

/* An xrun of our own making, which the output's pump counts and this does not count again. */
static void slip(pcmio_through *it, uint64_t frames) {
  it->missed += frames;
  it->counted += frames;
  it->lost_output += frames;
  pcmio_pump_xrun(it->output, frames);
}

/* Frames that `total` has grown by; a pump that is idle by now has counted nothing. */
static uint64_t grown(uint64_t *known, uint64_t total) {
  int64_t more = (int64_t)(total - *known);
  *known += more > 0 ? (uint64_t)more : 0;
  return more > 0 ? (uint64_t)more : 0;
}

/* Silence that the output's device has played: so much of what comes next comes too late, but for silence in the place
 * of frames that came too late themselves. */
static pcmio_outlook count_missed(pcmio_through *it) {
  pcmio_outlook outlook;
  pcmio_pump_outlook(it->output, &outlook);
  uint64_t lost = grown(&it->counted, outlook.xrun_frames);
  uint64_t missed = grown(&it->missed, outlook.gap_frames);
  it->lost_output += lost;
  it->lead += (int64_t)missed;
  if (lost != 0 || missed != 0) {
    it->flags |= PCMIO_SIGHT_DISTURBED;
  }
  return outlook;
}

static void count_lost(pcmio_through *it, uint64_t frames) {
  if (frames != 0) {
    it->lead -= (int64_t)frames;
    it->flags |= PCMIO_SIGHT_DISTURBED;
  }
  if (it->began != 0) { /* before that the callback gets nothing, and so nothing lacks */
    it->lost_input += frames;
    it->position += frames;
  }
}

/* For Python, which is woken when that matters. */
static void note_sight(pcmio_through *it, const pcmio_native_block *block, const pcmio_outlook *outlook, bool paired) {
  uint64_t written = it->written;
  uint64_t waiting = written - get(&it->read);
  it->frames += block->frames;
  if (waiting < PCMIO_SIGHTS) {
    bool known = outlook->due_nanos != 0;
    it->sights[written % PCMIO_SIGHTS] = (pcmio_sight){
        .offset_nanos = known ? (int64_t)(outlook->due_nanos - block->device_nanos) : 0,
        .lead = it->lead,
        .frames = it->frames,
        .filled = outlook->filled,
        .flags = (uint32_t)it->flags | (known ? PCMIO_SIGHT_KNOWN : 0),
    };
    it->frames = 0;
    set(&it->written, written + 1);
  }
  if (!paired || it->flags != 0 || waiting + 1 >= PCMIO_SIGHTS_TO_SEE) {
    atomic_fetch_add_explicit(&it->input->wakes, 1, memory_order_relaxed);
    it->input->wake(it->input->wake_argument);
  }
  it->flags = waiting < PCMIO_SIGHTS ? 0 : it->flags;
}

/* --- a block ------------------------------------------------------------------------------------------------------ */

static int32_t call(pcmio_through *it, const pcmio_native_block *block, const void *captured) {
  const pcmio_half *half = &it->output->out;
  pcmio_native_duplex_block told = {
      .position = it->position,
      .callback_nanos = block->callback_nanos,
      .captured_nanos = block->device_nanos,
      .heard_nanos = block->device_nanos + (uint64_t)get_signed(&it->latency_nanos),
      .input_xrun_frames = it->lost_input,
      .output_xrun_frames = it->lost_output,
      .frames = block->frames,
      .channels = half->channels,
      .input_channels = block->channels,
      .sample_rate = block->sample_rate,
      .format = block->format,
  };
  it->lost_input = it->lost_output = 0;
  pcmio_silence(it->played, half->format, 1, (size_t)block->frames * half->channels);
  int32_t answer = it->callback(it->user, &told, captured, it->played);
  if (answer != PCMIO_GO_ON) {
    atomic_store_explicit(&it->output->ended, 1, memory_order_release);
  }
  return answer;
}

/* What was played, with as much silence before it, or without as many frames, as brings it where it belongs. */
static void hand_over(pcmio_through *it, int64_t block) {
  const pcmio_half *half = &it->output->out;
  pcmio_outlook outlook = count_missed(it); /* the callback may have taken long */
  int64_t owed = get_signed(&it->goal) - it->lead;
  int64_t room = (int64_t)half->ring.capacity - outlook.filled - block;
  if (owed > 0) {
    put_silence(it, owed < room ? owed : room);
  }
  int64_t late = owed >= 0 ? 0 : -owed < block ? -owed : block;
  const uint8_t *samples = (const uint8_t *)it->played + (size_t)late * half->ring.frame_bytes;
  int64_t left = block - late - put(it, samples, block - late);
  it->lead -= block;
  it->position += (uint64_t)block;
  if (left > 0) { /* the input's clock is faster, and the ring has run over */
    slip(it, (uint64_t)left);
    it->flags |= PCMIO_SIGHT_OVERRUN;
  }
}

/* A block of input is thrown away, and the output plays silence: as much as brings the two together, once it is known.
 */
static void wait_for_pairing(pcmio_through *it, int64_t block, const pcmio_outlook *outlook, bool paired) {
  it->lead -= block;
  if (!paired) {
    put_silence(it, (int64_t)it->enough - outlook->filled);
    return;
  }
  int64_t owed = get_signed(&it->goal) - it->lead;
  if (owed >= 0) { /* else the output is still too far ahead */
    put_silence(it, owed);
    it->began = 1;
    it->lost_output = 0;
  }
}

int32_t pcmio_through_take(void *through, const pcmio_native_block *block, void *captured) {
  pcmio_through *it = through;
  bool paired = get(&it->paired) != 0;
  uint64_t slipped = atomic_exchange_explicit((_Atomic uint64_t *)&it->slipped, 0, memory_order_acquire);
  if (slipped != 0) {
    slip(it, slipped);
  }
  pcmio_outlook outlook = count_missed(it);
  count_lost(it, block->xrun_frames);
  note_sight(it, block, &outlook, paired);
  if (it->began == 0) {
    wait_for_pairing(it, block->frames, &outlook, paired);
    return PCMIO_GO_ON;
  }
  int32_t answer = call(it, block, captured);
  if (answer == PCMIO_GO_ON) {
    hand_over(it, block->frames);
  }
  return answer;
}

/* --- Python's side ------------------------------------------------------------------------------------------------ */

void pcmio_through_begin(pcmio_through *through, uint32_t prefill) {
  pcmio_outlook outlook;
  pcmio_pump_outlook(through->output, &outlook);
  through->lead = 0;
  through->missed = outlook.gap_frames;
  through->counted = outlook.xrun_frames;
  through->lost_input = through->lost_output = through->frames = through->flags = 0;
  through->began = 0;
  set(&through->paired, 0);
  set(&through->slipped, 0);
  set(&through->read, through->written);
  put_silence(through, (int64_t)prefill - outlook.filled);
}

int32_t pcmio_through_sight(pcmio_through *through, pcmio_sight *sight) {
  uint64_t read = through->read;
  if (get(&through->written) == read) {
    return 0;
  }
  *sight = through->sights[read % PCMIO_SIGHTS];
  set(&through->read, read + 1);
  return 1;
}

void pcmio_through_aim(pcmio_through *through, int64_t goal, uint64_t slipped, int64_t latency_nanos) {
  set_signed(&through->goal, goal);
  set_signed(&through->latency_nanos, latency_nanos);
  atomic_fetch_add_explicit((_Atomic uint64_t *)&through->slipped, slipped, memory_order_release);
  set(&through->paired, 1);
}
