/* A stream's callback in C, or in whatever compiles to it: the core calls it on the audio thread itself, and no Python
 * is on the way.  This file is all that a program needs to write one. */
#ifndef PCMIO_CALLBACK_H
#define PCMIO_CALLBACK_H

#include <stdint.h>

/* One block of a stream, which is all that the callback is told; valid until it returns. */
typedef struct {
  uint64_t position;       /* frames in all blocks before this one, since the stream was built */
  uint64_t callback_nanos; /* the present, in nanoseconds on the stream's monotonic clock */
  uint64_t device_nanos;   /* output: when the first frame reaches the converter; input: when it was captured */
  uint64_t xrun_frames;    /* lost just before this block: silence that was played, or input that is gone */
  uint32_t frames;         /* in this block: the stream's buffer size, always */
  uint32_t channels;
  uint32_t sample_rate; /* frames per second */
  uint32_t format;      /* of the samples: pcmio_format in pcmio.h, SampleFormat.code in Python */
} pcmio_native_block;

/* What it returns; anything else ends the stream with an error. */
typedef enum {
  PCMIO_GO_ON = 0,
  PCMIO_FINISH = 1, /* this block is not played; what was written before is, to its end; then the stream ends */
  PCMIO_ABORT = 2   /* the stream ends at once */
} pcmio_native_answer;

/* `samples` are `frames` frames of `channels` samples, interleaved, in the stream's format: silent ones to be written
 * (output), or those that were captured (input), which may be changed but are not looked at again.  `user` is what the
 * stream was given.
 *
 * Called on an audio thread, never by two threads of one stream at once, not before the stream starts, and not once it
 * is closed.  It has to be done long before the block has been played: it may not lock, allocate, wait, or call Python.
 */
typedef int32_t (*pcmio_native_callback)(void *user, const pcmio_native_block *block, void *samples);

/* A block of a duplex stream: as many frames in both directions. */
typedef struct {
  uint64_t position;           /* frames before this block, those that were lost included */
  uint64_t callback_nanos;     /* the present, in nanoseconds on the stream's monotonic clock */
  uint64_t captured_nanos;     /* when the first frame of the input was captured */
  uint64_t heard_nanos;        /* when the first frame of the output will reach the converter */
  uint64_t input_xrun_frames;  /* captured frames that were lost just before this block */
  uint64_t output_xrun_frames; /* silence that was played, or output that came too late, since the last block */
  uint32_t frames;             /* in this block: the stream's buffer size, always */
  uint32_t channels;           /* of what is played */
  uint32_t input_channels;     /* of what was captured */
  uint32_t sample_rate;        /* frames per second */
  uint32_t format;             /* of both */
  uint32_t reserved;
} pcmio_native_duplex_block;

/* The same for a duplex stream, on the audio thread of its input: `played` arrives silent. */
typedef int32_t (*pcmio_native_duplex_callback)(void *user, const pcmio_native_duplex_block *block,
                                                const void *captured, void *played);

#endif
