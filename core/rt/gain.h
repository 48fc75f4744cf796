/* The volume of one direction of a stream, where the native system keeps none. */
#ifndef PCMIO_GAIN_H
#define PCMIO_GAIN_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  _Atomic uint64_t wanted; /* the bits of a double */
  _Atomic uint32_t fresh;  /* nothing was heard yet: there is nothing to go on from */
  /* Audio thread. */
  double now;    /* of the frame before the next */
  double target; /* where it goes */
  double step;
  uint32_t left; /* frames until it is there */
} pcmio_gain;

/* Python's side.  set: 1.0 is as it comes, 0.0 silence.  begin: the next frame is the first of a sound. */
void pcmio_gain_set(pcmio_gain *gain, double amplitude);
void pcmio_gain_begin(pcmio_gain *gain);

/* Audio thread.  follow: takes what was set since, to be there after `ramp_frames`; before each cycle. */
void pcmio_gain_follow(pcmio_gain *gain, uint32_t ramp_frames);
/* As pcmio_convert, of `frames` frames of `channels` samples each, scaled; at 1.0 untouched, at 0.0 silent. */
void pcmio_gain_convert(const pcmio_gain *gain, void *to, uint32_t to_format, ptrdiff_t to_step, const void *from,
                        uint32_t from_format, ptrdiff_t from_step, uint32_t frames, uint32_t channels);
/* `frames` frames were converted, in all their channels. */
void pcmio_gain_advance(pcmio_gain *gain, uint32_t frames);

#endif
