/* From an audio thread to two files: the samples, and when they came.
 *
 * NAME.f32 holds interleaved float32, NAME.stamps pairs of uint64: a frame's number and the CLOCK_MONOTONIC nanoseconds
 * at which it came. Frames that the recorder knows it missed are written as silence. */
#ifndef RECORDING_H
#define RECORDING_H

#include "bench.h"

typedef struct {
  uint64_t nanos;
  uint32_t missed; /* frames lost before these */
  uint32_t frames;
} recording_head;

#define RECORDING_BYTES (1u << 25)

typedef struct {
  uint8_t *data;
  _Atomic uint64_t written;
  _Atomic uint64_t taken;
  _Atomic uint64_t dropped; /* frames for which the ring had no room */
  FILE *samples;
  FILE *stamps;
  uint64_t frames;
  uint64_t missed;
  uint64_t sound_nanos; /* when the first frame that is not silent came */
} recording;

static inline FILE *recording_file(const char *name, const char *ending) {
  char path[4096];
  snprintf(path, sizeof path, "%s.%s", name, ending);
  FILE *file = fopen(path, "wb");
  if (file == NULL) {
    bench_fail("a recording cannot be written");
  }
  return file;
}

static inline void recording_open(recording *into, const char *name) {
  memset(into, 0, sizeof *into);
  into->data = calloc(1, RECORDING_BYTES);
  if (into->data == NULL) {
    bench_fail("no memory for the recording");
  }
  into->samples = recording_file(name, "f32");
  into->stamps = recording_file(name, "stamps");
}

/* --- audio thread ------------------------------------------------------------------------------------------------- */

static inline void recording_bytes(recording *into, uint64_t *at, const void *bytes, size_t length) {
  size_t offset = *at & (RECORDING_BYTES - 1);
  size_t first = length < RECORDING_BYTES - offset ? length : RECORDING_BYTES - offset;
  memcpy(into->data + offset, bytes, first);
  memcpy(into->data, (const uint8_t *)bytes + first, length - first);
  *at += length;
}

/* Puts interleaved frames, or those of two planes when `right` is given. */
static inline void recording_put(recording *into, recording_head head, const float *left, const float *right) {
  uint64_t at = atomic_load_explicit(&into->written, memory_order_relaxed);
  uint64_t room = RECORDING_BYTES - (at - atomic_load_explicit(&into->taken, memory_order_acquire));
  size_t length = (size_t)head.frames * BENCH_CHANNELS * sizeof(float);
  if (room < sizeof head + length) {
    atomic_fetch_add_explicit(&into->dropped, head.frames, memory_order_relaxed);
    return;
  }
  recording_bytes(into, &at, &head, sizeof head);
  if (right == NULL) {
    recording_bytes(into, &at, left, length);
  } else {
    for (uint32_t frame = 0; frame < head.frames; frame++) {
      float pair[2] = {left[frame], right[frame]};
      recording_bytes(into, &at, pair, sizeof pair);
    }
  }
  atomic_store_explicit(&into->written, at, memory_order_release);
}

/* --- writing thread ----------------------------------------------------------------------------------------------- */

static inline void recording_take(recording *from, uint64_t *at, void *bytes, size_t length) {
  size_t offset = *at & (RECORDING_BYTES - 1);
  size_t first = length < RECORDING_BYTES - offset ? length : RECORDING_BYTES - offset;
  memcpy(bytes, from->data + offset, first);
  memcpy((uint8_t *)bytes + first, from->data, length - first);
  *at += length;
}

static inline void recording_silence(recording *into, uint32_t frames) {
  static const float silence[BENCH_CHANNELS] = {0};
  for (uint32_t frame = 0; frame < frames; frame++) {
    fwrite(silence, sizeof silence, 1, into->samples);
  }
  into->frames += frames;
  into->missed += frames;
}

static inline void recording_note_sound(recording *into, const recording_head *head, const float *frames) {
  for (uint32_t at = 0; into->sound_nanos == 0 && at < head->frames; at++) {
    if (frames[at * BENCH_CHANNELS] != 0.0f) {
      into->sound_nanos = head->nanos;
    }
  }
}

/* Writes what has come. */
static inline void recording_write(recording *from) {
  static float frames[65536 * BENCH_CHANNELS];
  uint64_t at = atomic_load_explicit(&from->taken, memory_order_relaxed);
  uint64_t end = atomic_load_explicit(&from->written, memory_order_acquire);
  while (at < end) {
    recording_head head;
    recording_take(from, &at, &head, sizeof head);
    recording_take(from, &at, frames, (size_t)head.frames * BENCH_CHANNELS * sizeof *frames);
    recording_silence(from, head.missed);
    uint64_t stamp[2] = {from->frames, head.nanos};
    fwrite(stamp, sizeof stamp, 1, from->stamps);
    recording_note_sound(from, &head, frames);
    fwrite(frames, BENCH_CHANNELS * sizeof *frames, head.frames, from->samples);
    from->frames += head.frames;
    atomic_store_explicit(&from->taken, at, memory_order_release);
  }
}

static inline void recording_close(recording *done) {
  recording_write(done);
  fclose(done->samples);
  fclose(done->stamps);
  printf("{\"frames\": %llu, \"missed\": %llu, \"dropped\": %llu, \"sound_nanos\": %llu}\n",
         (unsigned long long)done->frames, (unsigned long long)done->missed,
         (unsigned long long)atomic_load(&done->dropped), (unsigned long long)done->sound_nanos);
}

#endif
