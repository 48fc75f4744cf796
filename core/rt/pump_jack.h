/* One JACK client and the streams that its process callback serves. */
#ifndef PCMIO_PUMP_JACK_H
#define PCMIO_PUMP_JACK_H

#include <stdatomic.h>

#include "pcmio_systems.h"
#include "roster.h"

#define PCMIO_JACK_UNMEASURED UINT32_MAX

/* One direction of a stream. */
typedef struct {
  uint32_t channels;                /* 0: this direction is absent */
  void *ports[PCMIO_JACK_CHANNELS]; /* jack_port_t */
  void *buffers[PCMIO_JACK_CHANNELS];
  _Atomic uint32_t latency_frames; /* PCMIO_JACK_UNMEASURED: a cycle is assumed; 0 is true of a cable between ports */
} pcmio_jack_side;

struct pcmio_jack_stream {
  pcmio_pump *pump;
  pcmio_jack_side in;
  pcmio_jack_side out;
  _Atomic uint64_t owner;    /* the hash of the client whose ports it is connected to; 0: nobody's */
  _Atomic uint32_t retiring; /* Python closes it: play silence */
  _Atomic uint32_t retired;  /* a whole cycle of silence was written since */
  _Atomic uint32_t told_lost;
  /* Process thread. */
  bool told_denied;
  uint64_t given;       /* frames of the ring, in this cycle */
  uint64_t late_frames; /* the same of cycles that had ended before they were there; the server may have waited */
};

struct pcmio_jack_client {
  pcmio_jack_api api;
  void *handle; /* jack_client_t */
  pcmio_roster streams;
  _Atomic uint32_t rate;
  _Atomic uint32_t period_frames;
  _Atomic uint32_t lost;  /* shut down: nothing of libjack but jack_client_close may be called */
  _Atomic int32_t code;   /* jack_status_t of the shutdown */
  _Atomic uint32_t xruns; /* reported by the server, and not yet told to the streams */
  _Atomic uint32_t freewheeling;
  _Atomic uint32_t orders; /* times that the graph was put in order, and all latencies asked for */
  uint32_t changed;        /* Python: `orders` before the client's ports were changed last */
  /* Process thread. */
  int32_t (*denied)(void); /* whether the calling thread lacks real-time priority; setup/jack_life.c */
  bool asked_denied;
  int32_t denied_code;
  uint32_t steady_cycles; /* since the server's period changed, or it could not tell the time */
  uint32_t frames;        /* of the cycle before */
  bool holding;           /* streams were told SUSPENDED */
  uint32_t next_frame;
  bool late_just_now;  /* in the cycle before */
  uint64_t late_usecs; /* when a cycle had ended before its frames were there; 0: not since a report of the server's */
  uint64_t jump_usecs; /* when frames were lost that are counted: no report of that counts again; 0: never */
};

/* native, python: reads the latency of a stream's ports in one direction (JackLatencyCallbackMode), and returns it. */
uint32_t pcmio_jack_measure(pcmio_jack_client *client, pcmio_jack_stream *stream, uint32_t mode, bool settled);
/* native, python: the server is gone; each stream is told once. */
void pcmio_jack_tell_lost(pcmio_jack_client *client, pcmio_jack_stream *stream);

#endif
