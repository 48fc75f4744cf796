/* A change is spread over a block: a step in a sine of full scale can be heard as a click, a slope of some milliseconds
 * cannot.  Samples are scaled in double precision, which holds all formats but 64-bit integers exactly; at 1.0 nothing
 * is scaled at all. */
#include "gain.h"

#include <string.h>

#include "pcmio.h"

#define AS_IT_COMES 1.0
#define SILENT 0.0
#define CHUNK 256 /* samples, on the stack */

void pcmio_gain_set(pcmio_gain *gain, double amplitude) {
  uint64_t bits = 0;
  memcpy(&bits, &amplitude, sizeof bits);
  atomic_store_explicit(&gain->wanted, bits, memory_order_relaxed);
}

void pcmio_gain_begin(pcmio_gain *gain) { atomic_store_explicit(&gain->fresh, 1, memory_order_relaxed); }

void pcmio_gain_follow(pcmio_gain *gain, uint32_t ramp_frames) {
  uint64_t bits = atomic_load_explicit(&gain->wanted, memory_order_relaxed);
  double wanted = 0;
  memcpy(&wanted, &bits, sizeof wanted);
  if (atomic_load_explicit(&gain->fresh, memory_order_relaxed) != 0) {
    atomic_store_explicit(&gain->fresh, 0, memory_order_relaxed);
    gain->now = gain->target = wanted;
    gain->left = 0;
  } else if (wanted != gain->target) {
    gain->target = wanted;
    gain->step = (wanted - gain->now) / ramp_frames;
    gain->left = ramp_frames;
  }
}

/* Of the frame `frames` after the next. */
static double amplitude(const pcmio_gain *gain, uint32_t frames) {
  return frames + 1 < gain->left ? gain->now + gain->step * (frames + 1) : gain->target;
}

static void scale(const pcmio_gain *gain, double *samples, size_t first, size_t count, uint32_t channels) {
  if (gain->left == 0) {
    for (size_t i = 0; i < count; i++) {
      samples[i] *= gain->target;
    }
    return;
  }
  for (size_t i = 0; i < count; i++) {
    samples[i] *= amplitude(gain, (uint32_t)((first + i) / channels));
  }
}

void pcmio_gain_convert(const pcmio_gain *gain, void *to, uint32_t to_format, ptrdiff_t to_step, const void *from,
                        uint32_t from_format, ptrdiff_t from_step, uint32_t frames, uint32_t channels) {
  size_t count = (size_t)frames * channels;
  bool steady = gain->left == 0;
  if (steady && gain->target == SILENT) {
    pcmio_silence(to, to_format, to_step, count);
    return;
  }
  if ((steady && gain->target == AS_IT_COMES) || !pcmio_can_convert(PCMIO_F64, from_format)) { /* DSD has no volume */
    pcmio_convert(to, to_format, to_step, from, from_format, from_step, count);
    return;
  }
  ptrdiff_t to_bytes = to_step * (ptrdiff_t)pcmio_format_bytes(to_format);
  ptrdiff_t from_bytes = from_step * (ptrdiff_t)pcmio_format_bytes(from_format);
  double samples[CHUNK];
  for (size_t done = 0; done < count;) {
    size_t length = count - done < CHUNK ? count - done : CHUNK;
    pcmio_convert(samples, PCMIO_F64, 1, (const uint8_t *)from + (ptrdiff_t)done * from_bytes, from_format, from_step,
                  length);
    scale(gain, samples, done, length, channels);
    pcmio_convert((uint8_t *)to + (ptrdiff_t)done * to_bytes, to_format, to_step, samples, PCMIO_F64, 1, length);
    done += length;
  }
}

void pcmio_gain_advance(pcmio_gain *gain, uint32_t frames) {
  if (frames < gain->left) {
    gain->now += gain->step * frames;
    gain->left -= frames;
  } else {
    gain->now = gain->target;
    gain->left = 0;
  }
}
