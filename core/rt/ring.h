/* Frames between a Python thread and an audio thread: one writer, one reader, fixed slots.
 *
 * One side moves whole slots (Python, whose views of the slots were made once), the other any number of frames (the
 * audio thread).  Counters only grow; an offset is a counter modulo the capacity: "full" and "empty" need no flag. */
#ifndef PCMIO_RING_H
#define PCMIO_RING_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint8_t *data;
  uint32_t frame_bytes;
  uint32_t slot_frames;
  uint32_t slots;
  uint32_t capacity; /* frames: slots * slot_frames */
  /* On cache lines of their own: each is written by one side and read by the other. */
  _Alignas(64) _Atomic uint64_t written; /* frames ever; writer's thread only */
  _Alignas(64) _Atomic uint64_t read;    /* frames ever; reader's thread only */
} pcmio_ring;

/* Frames that the reader may take.  Exact on the reader's thread, a lower bound there while the writer writes. */
uint32_t pcmio_ring_readable(const pcmio_ring *ring);
/* Frames that are there, for a thread that is neither the reader's nor the writer's. */
uint32_t pcmio_ring_held(const pcmio_ring *ring);
/* Frames that the writer may put. */
uint32_t pcmio_ring_writable(const pcmio_ring *ring);
/* The longest piece in one run, at most `count` frames: where it starts, and in `*count` how long it is. */
uint8_t *pcmio_ring_read_piece(const pcmio_ring *ring, uint32_t *count);
uint8_t *pcmio_ring_write_piece(const pcmio_ring *ring, uint32_t *count);
/* Gives pieces back.  The counters are published after the samples. */
void pcmio_ring_did_read(pcmio_ring *ring, uint32_t count);
void pcmio_ring_did_write(pcmio_ring *ring, uint32_t count);
/* Throws away what is there, and goes on at the beginning of a slot.  Neither side may be inside. */
void pcmio_ring_clear(pcmio_ring *ring);

#endif
