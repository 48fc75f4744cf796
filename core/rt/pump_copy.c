/* Any number of frames between Python's memory and the ring, without blocks: what writers and readers are made of. */
#include "pump.h"

static void to_ring(const pcmio_half *half, uint8_t *piece, const uint8_t *from, uint32_t format, uint32_t channels,
                    uint32_t length) {
  if (channels == half->channels) {
    pcmio_convert(piece, half->format, 1, from, format, 1, (size_t)length * channels);
    return;
  }
  for (uint32_t channel = 0; channel < half->channels; channel++) {
    pcmio_convert(piece + (size_t)channel * half->sample_bytes, half->format, (ptrdiff_t)half->channels, from, format,
                  1, length);
  }
}

uint32_t pcmio_pump_put(pcmio_pump *pump, const void *from, uint32_t format, uint32_t channels, uint32_t frames) {
  pcmio_half *half = &pump->out;
  size_t frame_bytes = (size_t)pcmio_format_bytes(format) * channels;
  uint32_t done = 0;
  if (half->channels == 0 || (channels != 1 && channels != half->channels)) {
    return 0;
  }
  while (done < frames) {
    uint32_t length = frames - done;
    uint8_t *piece = pcmio_ring_write_piece(&half->ring, &length);
    if (length == 0) {
      break;
    }
    to_ring(half, piece, (const uint8_t *)from + done * frame_bytes, format, channels, length);
    pcmio_ring_did_write(&half->ring, length);
    done += length;
  }
  return done;
}

uint32_t pcmio_pump_get(pcmio_pump *pump, void *to, uint32_t frames) {
  pcmio_half *half = &pump->in;
  uint32_t done = 0;
  if (half->channels == 0) {
    return 0;
  }
  while (done < frames) {
    uint32_t length = frames - done;
    const uint8_t *piece = pcmio_ring_read_piece(&half->ring, &length);
    if (length == 0) {
      break;
    }
    pcmio_convert((uint8_t *)to + (size_t)done * half->ring.frame_bytes, half->format, 1, piece, half->format, 1,
                  (size_t)length * half->channels);
    pcmio_ring_did_read(&half->ring, length);
    done += length;
  }
  return done;
}

void pcmio_pump_want(pcmio_pump *pump, uint32_t frames) {
  atomic_store_explicit(&pump->wanted_frames, frames, memory_order_release);
}

void pcmio_pump_outlook(const pcmio_pump *pump, pcmio_outlook *outlook) {
  const pcmio_half *half = &pump->out;
  uint64_t next = atomic_load_explicit(&half->ring.written, memory_order_relaxed);
  uint64_t nanos = 0;
  bool known = pcmio_anchor_time(&half->anchor, next, pump->rate, &nanos);
  *outlook = (pcmio_outlook){
      .due_nanos = known ? nanos : 0,
      .xrun_frames = atomic_load_explicit(&half->xrun_frames, memory_order_relaxed),
      .gap_frames = atomic_load_explicit(&half->gap_frames, memory_order_relaxed),
      .filled = pcmio_ring_readable(&half->ring),
  };
}
