/* Which frame of a ring the device handles at which time, as the latest cycle told it.
 *
 * Written by the audio thread, read by a Python thread; a sequence number tells the reader that it read halves of two
 * writes (Hans Boehm, "Can seqlocks get along with programming language memory models?", 2012, without fences: the
 * thread sanitizer does not know them). */
#ifndef PCMIO_CLOCK_H
#define PCMIO_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
  _Atomic uint32_t sequence; /* odd while being written */
  _Atomic uint32_t valid;
  _Atomic uint64_t frame;
  _Atomic uint64_t nanos;
} pcmio_anchor;

void pcmio_anchor_set(pcmio_anchor *anchor, uint64_t frame, uint64_t nanos); /* audio thread */
void pcmio_anchor_forget(pcmio_anchor *anchor);                              /* any thread */
/* Time of `frame`; false when no cycle has told it yet. */
bool pcmio_anchor_time(const pcmio_anchor *anchor, uint64_t frame, uint32_t rate, uint64_t *nanos);
/* Nanoseconds of `frames` frames, to the nearest. */
uint64_t pcmio_frames_nanos(uint64_t frames, uint32_t rate);

#endif
