/* Which frames of one direction were, are and will be at the converter at which time, as cycles told it.
 *
 * Frames are counted as blocks tell their position.  A mark says that from this frame on the device goes on without a
 * break from this time; a gap, a pause or a frame that was lost makes another one.  One thread writes at a time: the
 * audio thread, or Python's while that is not inside.  Any thread reads; a sequence number tells it to read again, as
 * in clock.h. */
#ifndef PCMIO_TIMELINE_H
#define PCMIO_TIMELINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define PCMIO_TIMELINE_MARKS 256u

typedef struct {
  _Atomic uint64_t frame;
  _Atomic uint64_t nanos;
  _Atomic uint64_t
      held; /* when the device was held, and kept what it had not played, before this mark; 0: it was not */
} pcmio_mark;

typedef struct {
  _Atomic uint32_t sequence; /* odd while being written */
  _Atomic uint32_t running;  /* the latest mark holds for what is yet to come */
  _Atomic uint64_t offset;   /* frames that the ring has counted and blocks have not */
  _Atomic uint64_t count;    /* marks, the oldest of which are written over */
  _Atomic uint64_t held;     /* for the next mark */
  uint64_t step_nanos;       /* a cycle that goes on like the one before makes a mark when it is so much later */
  pcmio_mark marks[PCMIO_TIMELINE_MARKS];
} pcmio_timeline;

/* The ring's frame `at` is at the converter at this time, and those after it follow: audio thread. */
void pcmio_timeline_note(pcmio_timeline *line, uint64_t at, uint32_t rate, uint64_t nanos);
/* What follows is not known before the next note: any thread. */
void pcmio_timeline_stop(pcmio_timeline *line);
/* The device was held at this time and keeps what it has; 0: nothing is held.  While no note can come. */
void pcmio_timeline_hold(pcmio_timeline *line, uint64_t nanos);
/* The ring went on from frame `from` to frame `to` without blocks; what was noted from there on was thrown away.  While
 * no note can come. */
void pcmio_timeline_skip(pcmio_timeline *line, uint64_t from, uint64_t to);
/* `taken`: of the ring's frames.  False: not known. */
bool pcmio_timeline_time(const pcmio_timeline *line, uint64_t frame, uint64_t taken, uint32_t rate, uint64_t *nanos);
bool pcmio_timeline_frame(const pcmio_timeline *line, uint64_t nanos, uint64_t taken, uint32_t rate, uint64_t *frame);

#endif
