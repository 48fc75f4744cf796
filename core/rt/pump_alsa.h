/* An ALSA PCM: what its own thread works with.
 *
 * All of libasound that concerns an opened PCM is called on that one thread (setup/alsa.c), Python's orders are carried
 * out there too: no call can meet another, and one that hangs inside a plugin holds up nobody else. */
#ifndef PCMIO_PUMP_ALSA_H
#define PCMIO_PUMP_ALSA_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "pcmio_systems.h"

/* libasound gives these names to the numbers of Linux, and takes the others where a system lacks them. */
#ifndef ESTRPIPE
#define ESTRPIPE ESPIPE
#endif
#ifndef EBADFD
#define EBADFD EBADF
#endif

/* snd_pcm_state_t */
#define PCMIO_ALSA_SETUP 1
#define PCMIO_ALSA_PREPARED 2
#define PCMIO_ALSA_RUNNING 3
#define PCMIO_ALSA_XRUN 4
#define PCMIO_ALSA_SUSPENDED 7
#define PCMIO_ALSA_DISCONNECTED 8

/* snd_pcm_channel_area_t; distances are in bits */
typedef struct {
  void *addr;
  uint32_t first;
  uint32_t step;
} pcmio_alsa_area;

typedef enum {
  PCMIO_ALSA_HELD = 0,  /* nothing moves, nothing is queued, or it was never started */
  PCMIO_ALSA_PAUSED,    /* the hardware holds its queue */
  PCMIO_ALSA_MOVING,    /* samples move */
  PCMIO_ALSA_FINISHING, /* as MOVING, until what is queued has been played: the pause of who cannot pause */
  PCMIO_ALSA_LOST       /* no call will work any more, and Python was told */
} pcmio_alsa_phase;

struct pcmio_alsa_stream {
  pcmio_alsa_api api;
  pcmio_alsa_config config;
  void *pcm;
  pcmio_pump *pump;
  void *status;     /* snd_pcm_status_t */
  uint8_t *staging; /* without `mapped`: one buffer of frames; planar: channel after channel */

  /* The thread's own. */
  pcmio_alsa_phase phase;
  uint32_t staged_at; /* frames of staging that the PCM would not take at once */
  uint32_t staged;
  uint64_t written;     /* output: frames given to the PCM since it was last empty */
  uint64_t last_real;   /* output: of them, up to the last that came from the ring */
  uint64_t heard_nanos; /* output: when that one will be heard */
  bool draining;        /* Python waits for the note */
  bool asleep;          /* suspended, and Python was told so */
  uint32_t failures;    /* calls that failed since a frame last moved */
  uint32_t useless;     /* times it was woken since a frame last moved */
  uint64_t nap_nanos;   /* sleep so long, whatever the descriptors say; 0: wait for them */

  /* The core's clock, for PCMs without one. */
  bool clockless;
  uint64_t paced_from; /* when the first frame moved */
  uint64_t paced;      /* frames since */
  uint64_t full_nanos; /* when its queue was last filled, or emptied by reading */
  uint32_t full_frames;
  uint32_t hurries; /* times in a row that no clock could have done that */

  _Atomic uint32_t owing;

  /* setup/alsa.c's. */
  void *thread;
  void *wakeup;
  int selfwake[2];
  _Atomic uint64_t number;
  _Atomic uint32_t wanted; /* the latest order: its number, times 8, and its kind */
  _Atomic uint32_t answered;
  _Atomic int32_t answer;
};

/* audio.  Serves the PCM after a wake-up, by descriptors (`gone`: they have become invalid) or by time. */
void pcmio_alsa_cycle(pcmio_alsa_stream *stream, bool gone);
/* audio.  Something is wrong with a PCM that is not moving: looks whether it is lost. */
void pcmio_alsa_look(pcmio_alsa_stream *stream, bool gone);
/* audio.  Orders; 0, or minus the system's error number. */
int32_t pcmio_alsa_start(pcmio_alsa_stream *stream);
int32_t pcmio_alsa_pause(pcmio_alsa_stream *stream);
int32_t pcmio_alsa_discard(pcmio_alsa_stream *stream);
int32_t pcmio_alsa_drain(pcmio_alsa_stream *stream);

/* pump_alsa_pace.c: of `avail` frames, those that a device with a clock would take or have. */
uint32_t pcmio_alsa_output_room(pcmio_alsa_stream *stream, uint32_t avail);
uint32_t pcmio_alsa_input_room(pcmio_alsa_stream *stream, uint32_t avail);
uint64_t pcmio_alsa_nanos(const pcmio_alsa_stream *stream, uint64_t frames);
uint64_t pcmio_alsa_frames(const pcmio_alsa_stream *stream, uint64_t nanos);

#endif
