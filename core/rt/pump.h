/* The pump: what one stream's audio thread works with. */
#ifndef PCMIO_PUMP_H
#define PCMIO_PUMP_H

#include <stdatomic.h>
#include <stdbool.h>

#include "clock.h"
#include "gain.h"
#include "notes.h"
#include "pcmio.h"
#include "ring.h"
#include "timeline.h"

#define PCMIO_NO_CHANNEL UINT32_MAX

/* How long something took that happens again and again; one thread tells. */
typedef struct {
  _Atomic uint64_t count;
  _Atomic uint64_t total_nanos;
  _Atomic uint64_t longest_nanos;
} pcmio_durations;

/* One direction. */
typedef struct {
  pcmio_ring ring;
  uint32_t channels;        /* in the ring; 0: this direction is absent */
  uint32_t device_channels; /* in native buffers */
  /* NULL: these are the same.  Else of each of the device's channels (output) the ring's that it plays, or none
   * (PCMIO_NO_CHANNEL);
   * of each of the ring's (input) the device's that it takes. */
  uint32_t *route;
  uint32_t format; /* in the ring */
  uint32_t native_format;
  uint32_t sample_bytes;
  uint32_t native_bytes;      /* of one sample */
  bool planar;                /* native buffers */
  _Atomic uint32_t low_water; /* see pcmio_stats */
  bool short_of_frames;       /* audio thread: the latest cycle ended in a gap, which the next one may go on with */
  pcmio_gain gain;
  pcmio_anchor anchor; /* output only: input blocks carry their own times */
  pcmio_timeline line;
  _Atomic uint64_t xrun_frames;
  _Atomic uint64_t gap_frames;  /* of these: passed between frames of the ring, not in place of some that it gave */
  _Atomic uint64_t system_lost; /* reported by the system and not yet told with a block */
  _Atomic uint64_t latency_nanos;
  uint64_t last_nanos; /* who fills or takes the blocks: device times never step back */
} pcmio_half;

struct pcmio_pump {
  pcmio_half out;
  pcmio_half in;
  uint32_t rate;
  uint32_t calm_wake_frames;      /* output: as many must be free before Python is woken */
  _Atomic uint32_t wake_frames;   /* the same at present */
  _Atomic uint32_t wanted_frames; /* without blocks: what Python waits for; 0: there are blocks */
  void (*wake)(void *);
  void *wake_argument;
  uint64_t (*clock)(void);
  uint64_t clock_nanos;
  const _Atomic uint64_t *clock_cell; /* in place of `clock` */

  _Alignas(64) _Atomic uint32_t mode;
  _Atomic uint32_t inside; /* audio threads that work on the rings */
  _Atomic uint32_t posted; /* Python was woken and has not looked yet */
  _Atomic uint32_t drained;

  /* Input blocks: published to Python by the ring's counters. */
  uint64_t *slot_nanos;
  uint64_t *slot_lost;
  uint64_t lost; /* audio thread: frames lost since the latest block began */

  /* For whoever fills or takes the blocks: Python's side, or the audio thread with a native callback. */
  uint64_t told_out;       /* output xrun frames told with the blocks handed back, */
  uint64_t tell_out;       /* and with the next one */
  uint64_t position;       /* frames of all blocks exchanged */
  uint64_t prepared_nanos; /* when the latest block was */

  pcmio_native_callback callback; /* NULL: Python's thread fills or takes the blocks */
  void *callback_user;
  int32_t callback_answer; /* audio thread: the latest; but for GO_ON it was the last */
  bool callback_told;      /* audio thread: that it is over stands among the notes */
  _Atomic uint32_t ended;  /* output: what fills the ring has come to its end, and no frame is missing any more */

  _Atomic uint64_t cycles;
  _Atomic uint64_t blocks;
  _Atomic uint64_t output_frames;
  _Atomic uint64_t input_frames;
  _Atomic uint64_t xruns;
  _Atomic uint64_t wakes;
  _Atomic uint32_t largest_cycle;
  _Atomic uint64_t longest_turn_nanos;
  pcmio_durations callbacks;
  pcmio_durations wake_delays;
  _Atomic uint64_t posted_nanos; /* when Python was woken last, until it is seen to be awake; 0: not known */

  pcmio_notes notes;
};

/* Whoever fills or takes the blocks.  One that is exchanged, and a device time that is not before the last one. */
void pcmio_pump_exchanged(pcmio_pump *pump, uint32_t frames);
uint64_t pcmio_half_never_back(pcmio_half *half, uint64_t nanos);

/* Audio thread: frames that a cycle would find ready in this mode; UINT32_MAX: as many as it wants. */
uint32_t pcmio_pump_ready(const pcmio_pump *pump, uint32_t mode);

/* Audio or native: one xrun.  `frames` passed in both directions, and of the output `late` more, which the ring had
 * given and which came too late: silence was heard in their place. */
void pcmio_pump_lost(pcmio_pump *pump, uint64_t frames, uint64_t late);

/* Python's side.  Whether Python is woken for every free block, or only when many are free. */
void pcmio_pump_hurry(pcmio_pump *pump, bool hurry);
/* So long did the stream's thread, once woken, wait for the interpreter. */
void pcmio_pump_waited(pcmio_pump *pump, uint64_t nanos);
bool pcmio_pump_has_note(const pcmio_pump *pump);

/* whoever calls the callback: it took so long. */
void pcmio_pump_took(pcmio_durations *durations, uint64_t nanos);

#endif
