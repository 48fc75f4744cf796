/* A device without hardware: one clock, and a bus that carries what its outputs play to its inputs. */
#ifndef PCMIO_PUMP_NULL_H
#define PCMIO_PUMP_NULL_H

#include <stdatomic.h>

#include "pcmio.h"
#include "roster.h"

typedef struct {
  pcmio_pump *pump;
  uint32_t out_channels; /* the stream's; the bus may have more or fewer */
  uint32_t in_channels;
} pcmio_null_stream;

struct pcmio_null_device {
  pcmio_null_config config;
  uint32_t sample_bytes;
  bool mixable; /* samples can be added: not those of DSD */
  pcmio_roster streams;
  uint8_t *bus;    /* PCMIO_NULL_CYCLE_FRAMES frames in the device's format */
  uint8_t *stream; /* the same for one stream, of any channel count */
  double *mix;     /* only with two outputs and more, and for the tone */
  double *added;
  double tone_x; /* the tone's phase, as a point on a circle */
  double tone_y;
  _Atomic uint64_t skip_frames;
  _Atomic int64_t stall_nanos;

  /* The rest is setup/null_device.c's. */
  _Atomic uint32_t changing; /* a Python thread adds or removes a stream, starts or ends the thread */
  _Atomic uint32_t halting;
  void *thread; /* setup/threads.h */
  int32_t priority;
  _Atomic int32_t denied;  /* -1 until the thread has asked for its priority */
  _Atomic uint64_t number; /* the thread's */
  uint32_t next_size;
};

#define PCMIO_NULL_CHANNELS 64 /* of a stream or a bus */

/* pcmio_null_cycle after `lost` frames that nobody heard. */
void pcmio_null_cycle_after(pcmio_null_device *device, uint64_t lost, uint32_t frames, uint64_t instant_nanos);
/* Takes what pcmio_null_skip asked for. */
uint64_t pcmio_null_take_skip(pcmio_null_device *device);

#endif
