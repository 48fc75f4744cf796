/* PulseAudio: what its main loop thread works with.
 *
 * One connection has one such thread and any number of streams.  Whoever calls libpulse for them holds the loop's lock:
 * the thread itself while it dispatches, Python's threads inside setup/pulse.c.  So a stream's plain members are never
 * touched by two threads at a time, and of several threads that move frames each sees what the one before it did. */
#ifndef PCMIO_PUMP_PULSE_H
#define PCMIO_PUMP_PULSE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "pcmio_systems.h"

/* pulse/def.h */
#define PCMIO_PA_CONTEXT_READY 4u
#define PCMIO_PA_STREAM_READY 2u
#define PCMIO_PA_STREAM_FAILED 3u
#define PCMIO_PA_STREAM_TERMINATED 4u

/* pa_buffer_attr */
typedef struct {
  uint32_t maxlength;
  uint32_t tlength;
  uint32_t prebuf;
  uint32_t minreq;
  uint32_t fragsize;
} pcmio_pa_buffer_attr;

struct pcmio_pulse_connection {
  pcmio_pulse_api api;
  void *mainloop;
  void *context;
  void (*post)(void *); /* wakes whoever waits for a state: pcmio_wakeup_post */
  void *wakeup;
  _Atomic uint32_t state;
  _Atomic int32_t error;
  _Atomic uint64_t number;     /* the thread's */
  pcmio_pulse_stream *streams; /* those whose volume is followed */
  bool subscribed;
};

struct pcmio_pulse_stream {
  pcmio_pulse_connection *connection;
  pcmio_pump *pump;
  void *wakeup;
  void *native;  /* pa_stream */
  void *drained; /* pa_operation that waits for the end of the server's queue */
  void *started; /* pa_operation that waits until the server has let it go on */
  void *asked;   /* pa_operation that waits for the volume */
  pcmio_pulse_stream *next;
  uint32_t index; /* the server's number of it */
  uint32_t frame_bytes;
  uint32_t rate;
  uint32_t period_frames;
  uint32_t queue_frames; /* output: what the server keeps ahead when all is well */
  bool output;
  bool going;             /* the server has let it go on since it was last held */
  bool asleep;            /* Python was told so */
  bool underflowed;       /* the server ran dry, and nothing was written since */
  uint64_t played_nanos;  /* when the latest frame written will have been played; 0: nothing written since the start */
  uint64_t gap_nanos;     /* from there to the next write that came too late, until the server confirms it */
  uint64_t gap_at_nanos;  /* when that was */
  _Atomic uint32_t owing; /* a request was not served in full */
  _Atomic uint32_t state;
  _Atomic int32_t error;
  _Atomic uint32_t volume; /* pa_volume_t */
  _Atomic uint32_t muted;
  _Atomic uint32_t volume_known;
};

/* Called with the lock held: writes what the server asks for and Python has ready. */
void pcmio_pulse_serve(pcmio_pulse_stream *stream);

/* Native callbacks, registered by setup/pulse.c. */
void pcmio_pulse_on_context_state(void *context, void *connection);
void pcmio_pulse_on_state(void *native, void *stream);
void pcmio_pulse_on_write(void *native, size_t bytes, void *stream);
void pcmio_pulse_on_read(void *native, size_t bytes, void *stream);
void pcmio_pulse_on_underflow(void *native, void *stream);
void pcmio_pulse_on_overflow(void *native, void *stream);
void pcmio_pulse_on_moved(void *native, void *stream);
void pcmio_pulse_on_suspended(void *native, void *stream);
void pcmio_pulse_on_started(void *native, int32_t success, void *stream);
void pcmio_pulse_on_buffer_attr(void *native, void *stream);
void pcmio_pulse_on_drained(void *native, int32_t success, void *stream);
/* The size of the server's queue may have changed. */
void pcmio_pulse_read_attr(pcmio_pulse_stream *stream);

#endif
