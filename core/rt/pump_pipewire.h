/* PipeWire: what its callbacks work with, and its structs as far as we look into them. */
#ifndef PCMIO_PUMP_PIPEWIRE_H
#define PCMIO_PUMP_PIPEWIRE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "pcmio_systems.h"

/* --- PipeWire 0.3.50 or newer, 64-bit: spa/buffer/buffer.h, spa/node/io.h, spa/utils/hook.h, pipewire/stream.h ---- */

typedef struct {
  uint32_t offset;
  uint32_t size;
  int32_t stride;
  int32_t flags;
} pcmio_pw_chunk; /* spa_chunk */

typedef struct {
  uint32_t type;
  uint32_t flags;
  int64_t descriptor;
  uint32_t map_offset;
  uint32_t max_bytes;
  void *memory;
  pcmio_pw_chunk *chunk;
} pcmio_pw_data; /* spa_data */

typedef struct {
  uint32_t metas_count;
  uint32_t datas_count;
  void *metas;
  pcmio_pw_data *datas;
} pcmio_pw_memory; /* spa_buffer */

typedef struct {
  pcmio_pw_memory *buffer;
  void *user_data;
  uint64_t size;
  uint64_t requested; /* frames; 0: it does not say */
} pcmio_pw_buffer;    /* pw_buffer; newer ones go on */

typedef struct {
  int64_t now; /* nanoseconds on CLOCK_MONOTONIC: when the cycle began */
  uint32_t rate_num;
  uint32_t rate_denom;
  uint64_t ticks;
  int64_t delay; /* ticks to the device */
  uint64_t queued;
  uint64_t buffered; /* frames in the resampler */
  uint32_t queued_buffers;
  uint32_t free_buffers;
  uint64_t size; /* since 1.1 */
} pcmio_pw_time; /* pw_time */

#define PCMIO_PW_OLD_TIME_BYTES 40 /* what pw_stream_get_time fills */

typedef struct {
  uint32_t flags;
  uint32_t id; /* of the driver's clock */
  char name[64];
  uint64_t nanos;
  uint32_t rate_num;
  uint32_t rate_denom;
  uint64_t position; /* ticks, at the beginning of the cycle */
  uint64_t duration; /* ticks of the cycle: the quantum */
  int64_t delay;
  double rate_diff;
  uint64_t next_nanos;
  uint32_t target_rate[2]; /* from here on padding before 0.3.66 */
  uint64_t target_duration;
  uint32_t target_seq;
  uint32_t cycle;
  uint64_t xrun;  /* since 1.1: ever more when the driver had one */
} pcmio_pw_clock; /* spa_io_clock, the head of spa_io_position */

#define PCMIO_PW_CLOCK_FREEWHEEL 1u
#define PCMIO_PW_CLOCK_XRUN_RECOVER 2u

typedef struct {
  const char *name;
  uint32_t flags;
  float usual;
  float least;
  float most;
  float *values;
  uint32_t count;
  uint32_t room;
} pcmio_pw_control; /* pw_stream_control */

typedef struct {
  void *next;
  void *previous;
  const void *events;
  void *data;
  void (*removed)(void *hook);
  void *priv;
} pcmio_pw_hook; /* spa_hook */

/* --- ours --------------------------------------------------------------------------------------------------------- */

struct pcmio_pipewire_connection {
  pcmio_pipewire_api api;
  void *loop;     /* pw_thread_loop */
  void *context;  /* pw_context */
  void *core;     /* pw_core */
  void *registry; /* pw_registry */
  pcmio_pw_hook core_hook;
  pcmio_pw_hook registry_hook;
  void (*post)(void *);
  void *wakeup;
  pcmio_pipewire_stream *streams;
  uint32_t *devices; /* ids of all nodes that are no streams */
  uint32_t devices_count;
  uint32_t devices_room;
  uint32_t asked;
  int32_t asked_as; /* libpipewire's number of the latest question */
  _Atomic uint32_t answered;
  _Atomic uint32_t condition;
  _Atomic int32_t error;
};

struct pcmio_pipewire_stream {
  pcmio_pipewire_connection *connection;
  pcmio_pipewire_stream *next;
  pcmio_pump *pump;
  void *native; /* pw_stream */
  pcmio_pw_hook hook;
  void (*post)(void *);
  void *wakeup;
  int32_t (*denied)(void); /* why the calling thread has no real-time priority, or 0 */
  uint32_t output;
  uint32_t rate;
  uint32_t frame_bytes;
  uint32_t pinned;
  uint32_t target;
  uint32_t peer;         /* the node that it is linked with */
  _Atomic uint32_t over; /* its end was told */
  char complaint[PCMIO_PIPEWIRE_TEXT_BYTES];
  _Atomic int32_t state;
  _Atomic uint32_t linked;

  /* Of its node.  Written with the loop's lock held, by whoever calls libpipewire or is called by it. */
  float common_volume;     /* the property "volume", */
  float loudest_volume;    /* which each channel's own is multiplied with */
  _Atomic uint64_t volume; /* the bits of a double: of the loudest channel, both together */
  _Atomic uint32_t muted;
  _Atomic uint32_t has_volume;
  bool setting; /* what changes now, Python wants */

  _Atomic(const pcmio_pw_clock *) clock; /* of the driver; NULL while there is none */
  _Atomic uint32_t inside;               /* the audio thread is at work, and may be looking at the clock */
  _Atomic uint32_t afresh;               /* started: what the clock did before is no loss */
  _Atomic uint64_t heard_nanos;          /* when the last frame of the ring reaches the converter */

  /* The audio thread's own. */
  uint64_t cycle_nanos;
  uint32_t cycle_frames; /* moved in the cycle that began then */
  bool followed;         /* the next seven are known */
  uint32_t clock_id;
  uint32_t clock_flags;
  uint64_t next_position;
  uint64_t xrun;
  uint64_t quantum;
  uint64_t end_nanos; /* of the cycle; 0: nobody waits for it */
  uint64_t given;     /* frames of the ring, in the cycle; */
  uint64_t late;      /* the same once it had ended before they were there */
  uint32_t cycles;    /* until the priority is looked at */
};

/* pw_stream_events.process: on the data thread. */
void pcmio_pipewire_process(void *stream);

#endif
