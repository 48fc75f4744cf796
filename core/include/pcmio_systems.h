/* The part of the core that only one audio system needs each: its pump, and what Python asks of it. */
#ifndef PCMIO_SYSTEMS_H
#define PCMIO_SYSTEMS_H

#include "pcmio.h"

/* --- rt/pump_pulse.c: PulseAudio, or whoever speaks its protocol (setup/pulse.c makes, opens and closes) ------------
 */

/* libpulse's functions, each in the place of its name without "pa_".  Its objects are opaque here. */
typedef struct {
  int32_t (*mainloop_prepare)(void *loop, int32_t timeout_micros);
  int32_t (*mainloop_poll)(void *loop);
  int32_t (*mainloop_dispatch)(void *loop);
  void *(*threaded_mainloop_new)(void);
  void (*threaded_mainloop_free)(void *loop);
  int32_t (*threaded_mainloop_start)(void *loop);
  void (*threaded_mainloop_stop)(void *loop);
  void (*threaded_mainloop_lock)(void *loop);
  void (*threaded_mainloop_unlock)(void *loop);
  void *(*threaded_mainloop_get_api)(void *loop);
  void (*threaded_mainloop_set_name)(void *loop, const char *name);
  void (*mainloop_api_once)(void *api, void (*callback)(void *api, void *data), void *data);
  void *(*context_new_with_proplist)(void *api, const char *name, void *proplist);
  void (*context_unref)(void *context);
  int32_t (*context_connect)(void *context, const char *server, uint32_t flags, const void *spawn);
  void (*context_disconnect)(void *context);
  uint32_t (*context_get_state)(const void *context);
  int32_t (*context_errno)(const void *context);
  void (*context_set_state_callback)(void *context, void (*callback)(void *context, void *data), void *data);
  void *(*stream_new_with_proplist)(void *context, const char *name, const void *spec, const void *map, void *proplist);
  void (*stream_unref)(void *stream);
  uint32_t (*stream_get_state)(const void *stream);
  const char *(*stream_get_device_name)(const void *stream);
  int32_t (*stream_is_suspended)(const void *stream);
  const void *(*stream_get_buffer_attr)(void *stream);
  int32_t (*stream_connect_playback)(void *stream, const char *device, const void *attr, uint32_t flags,
                                     const void *volume, void *sync);
  int32_t (*stream_connect_record)(void *stream, const char *device, const void *attr, uint32_t flags);
  int32_t (*stream_disconnect)(void *stream);
  int32_t (*stream_begin_write)(void *stream, void **memory, size_t *bytes);
  int32_t (*stream_cancel_write)(void *stream);
  int32_t (*stream_write)(void *stream, const void *memory, size_t bytes, void (*release)(void *), int64_t offset,
                          uint32_t seek);
  int32_t (*stream_peek)(void *stream, const void **memory, size_t *bytes);
  int32_t (*stream_drop)(void *stream);
  size_t (*stream_writable_size)(const void *stream);
  int32_t (*stream_get_latency)(void *stream, uint64_t *micros, int32_t *negative);
  void *(*stream_drain)(void *stream, void (*callback)(void *stream, int32_t success, void *data), void *data);
  void *(*stream_cork)(void *stream, int32_t corked, void (*callback)(void *stream, int32_t success, void *data),
                       void *data);
  void *(*stream_flush)(void *stream, void (*callback)(void *stream, int32_t success, void *data), void *data);
  void (*stream_set_state_callback)(void *stream, void (*callback)(void *stream, void *data), void *data);
  void (*stream_set_write_callback)(void *stream, void (*callback)(void *stream, size_t bytes, void *data), void *data);
  void (*stream_set_read_callback)(void *stream, void (*callback)(void *stream, size_t bytes, void *data), void *data);
  void (*stream_set_underflow_callback)(void *stream, void (*callback)(void *stream, void *data), void *data);
  void (*stream_set_overflow_callback)(void *stream, void (*callback)(void *stream, void *data), void *data);
  void (*stream_set_moved_callback)(void *stream, void (*callback)(void *stream, void *data), void *data);
  void (*stream_set_suspended_callback)(void *stream, void (*callback)(void *stream, void *data), void *data);
  void (*stream_set_buffer_attr_callback)(void *stream, void (*callback)(void *stream, void *data), void *data);
  uint32_t (*stream_get_index)(const void *stream);
  void *(*context_subscribe)(void *context, uint32_t mask, void (*callback)(void *context, int32_t success, void *data),
                             void *data);
  void (*context_set_subscribe_callback)(void *context,
                                         void (*callback)(void *context, uint32_t type, uint32_t index, void *data),
                                         void *data);
  void *(*context_get_sink_input_info)(void *context, uint32_t index,
                                       void (*callback)(void *context, const void *info, int32_t end, void *data),
                                       void *data);
  void *(*context_get_source_output_info)(void *context, uint32_t index,
                                          void (*callback)(void *context, const void *info, int32_t end, void *data),
                                          void *data);
  void *(*context_set_sink_input_volume)(void *context, uint32_t index, const void *volume,
                                         void (*callback)(void *context, int32_t success, void *data), void *data);
  void *(*context_set_sink_input_mute)(void *context, uint32_t index, int32_t mute,
                                       void (*callback)(void *context, int32_t success, void *data), void *data);
  void *(*context_set_source_output_volume)(void *context, uint32_t index, const void *volume,
                                            void (*callback)(void *context, int32_t success, void *data), void *data);
  void *(*context_set_source_output_mute)(void *context, uint32_t index, int32_t mute,
                                          void (*callback)(void *context, int32_t success, void *data), void *data);
  void (*operation_unref)(void *operation);
  void (*operation_cancel)(void *operation);
} pcmio_pulse_api;

typedef struct pcmio_pulse_connection pcmio_pulse_connection;
typedef struct pcmio_pulse_stream pcmio_pulse_stream;

/* What a stream is opened with; pointers are libpulse's own structs and need not outlive the call. */
typedef struct {
  const char *name;
  const char *device; /* NULL: the server chooses */
  const void *spec;   /* pa_sample_spec */
  const void *map;    /* pa_channel_map */
  const void *attr;   /* pa_buffer_attr */
  void *proplist;     /* pa_proplist */
  uint32_t flags;     /* pa_stream_flags_t */
  uint32_t output;    /* 1: playback, 0: recording */
  uint32_t rate;
  uint32_t frame_bytes;
  uint32_t period_frames; /* that the server was asked to move at a time */
} pcmio_pulse_request;

/* python.  One round of a plain main loop, which the calling thread lends; at most `timeout_micros`.  Negative: over.
 */
PCMIO_API int32_t pcmio_pulse_iterate(const pcmio_pulse_api *api, void *mainloop, int32_t timeout_micros);

/* python.  A connection for streams, with a thread that runs nothing but the core.  `wakeup` is posted whenever its
 * state changes.  open: 0, or libpulse's error; NULL: no memory. */
PCMIO_API pcmio_pulse_connection *pcmio_pulse_connection_new(const pcmio_pulse_api *api, pcmio_wakeup *wakeup);
PCMIO_API int32_t pcmio_pulse_connection_open(pcmio_pulse_connection *connection, const char *server, uint32_t flags,
                                              const char *name, void *proplist);
PCMIO_API uint32_t pcmio_pulse_connection_state(const pcmio_pulse_connection *connection); /* pa_context_state_t */
PCMIO_API int32_t pcmio_pulse_connection_error(const pcmio_pulse_connection *connection);
/* The number of its thread; 0: it has not begun. */
PCMIO_API uint64_t pcmio_pulse_connection_thread(const pcmio_pulse_connection *connection);
PCMIO_API void pcmio_pulse_connection_free(pcmio_pulse_connection *connection); /* after its streams */

/* python.  Those that can fail return 0 or libpulse's error; `wakeup` is posted whenever the stream's state changes. */
PCMIO_API pcmio_pulse_stream *pcmio_pulse_stream_new(pcmio_pulse_connection *connection, pcmio_pump *pump,
                                                     pcmio_wakeup *wakeup);
PCMIO_API int32_t pcmio_pulse_stream_open(pcmio_pulse_stream *stream, const pcmio_pulse_request *request);
PCMIO_API uint32_t pcmio_pulse_stream_state(const pcmio_pulse_stream *stream); /* pa_stream_state_t */
PCMIO_API int32_t pcmio_pulse_stream_error(const pcmio_pulse_stream *stream);
/* The name of the device it is on, at most `size` bytes with the final zero. */
PCMIO_API int32_t pcmio_pulse_stream_device(pcmio_pulse_stream *stream, char *name, size_t size);
/* Fills the server's queue from the ring, as far as both go, and lets it play or record. */
PCMIO_API int32_t pcmio_pulse_stream_start(pcmio_pulse_stream *stream);
/* Holds it; `discard` 1: empties the server's queue too. */
PCMIO_API int32_t pcmio_pulse_stream_hold(pcmio_pulse_stream *stream, uint32_t discard);
/* A note NATIVE_DRAINED comes when the server has played all it has. */
PCMIO_API int32_t pcmio_pulse_stream_drain(pcmio_pulse_stream *stream);
/* Whether the server waits for frames that Python had not ready when it asked. */
PCMIO_API uint32_t pcmio_pulse_stream_owing(const pcmio_pulse_stream *stream);
PCMIO_API void pcmio_pulse_stream_serve(pcmio_pulse_stream *stream);
/* Once, when it is ready: asks for the volume that the server keeps for it, posts `wakeup` when it is known, and has
 * changes by others noted (VOLUME_CHANGED). */
PCMIO_API int32_t pcmio_pulse_stream_follow_volume(pcmio_pulse_stream *stream);
PCMIO_API uint32_t pcmio_pulse_stream_volume_known(const pcmio_pulse_stream *stream);
PCMIO_API uint32_t pcmio_pulse_stream_volume(const pcmio_pulse_stream *stream); /* pa_volume_t: the loudest channel's */
PCMIO_API uint32_t pcmio_pulse_stream_muted(const pcmio_pulse_stream *stream);
PCMIO_API int32_t pcmio_pulse_stream_set_volume(pcmio_pulse_stream *stream, uint32_t channels, uint32_t volume);
PCMIO_API int32_t pcmio_pulse_stream_set_muted(pcmio_pulse_stream *stream, uint32_t muted);
/* Closes it: afterwards nobody touches the pump.  Then frees it. */
PCMIO_API void pcmio_pulse_stream_free(pcmio_pulse_stream *stream);

/* --- rt/pump_pipewire.c: PipeWire (setup/pipewire.c makes, opens and closes) ------------------------------------- */

/* libpipewire's functions, each in the place of its name without "pw_".  Its objects are opaque here. */
typedef struct {
  void (*thread_loop_lock)(void *loop);
  void (*thread_loop_unlock)(void *loop);
  int32_t (*thread_loop_start)(void *loop);
  void (*thread_loop_stop)(void *loop);
  void (*thread_loop_destroy)(void *loop);
  void *(*context_connect_fd)(void *context, int32_t descriptor, void *properties, size_t user_data_bytes);
  void (*context_destroy)(void *context);
  int32_t (*core_disconnect)(void *core);
  void (*proxy_destroy)(void *proxy);
  void *(*stream_new)(void *core, const char *name, void *properties);
  void (*stream_destroy)(void *stream);
  void (*stream_add_listener)(void *stream, void *hook, const void *events, void *data);
  int32_t (*stream_connect)(void *stream, uint32_t direction, uint32_t target, uint32_t flags, const void **params,
                            uint32_t params_count);
  uint32_t (*stream_get_node_id)(void *stream);
  int32_t (*stream_set_active)(void *stream, bool active);
  int32_t (*stream_flush)(void *stream, bool drain);
  int32_t (*stream_get_time_n)(void *stream, void *time, size_t bytes);
  int32_t (*stream_get_time)(void *stream, void *time); /* for libraries without the one before, which is NULL then */
  int32_t (*stream_set_control)(void *stream, uint32_t id, uint32_t count, float *values, ...);
  void *(*stream_dequeue_buffer)(void *stream);
  int32_t (*stream_queue_buffer)(void *stream, void *buffer);
} pcmio_pipewire_api;

typedef struct pcmio_pipewire_connection pcmio_pipewire_connection;
typedef struct pcmio_pipewire_stream pcmio_pipewire_stream;

#define PCMIO_PIPEWIRE_ANY 0xffffffffu /* the id of no object */
#define PCMIO_PIPEWIRE_TEXT_BYTES 240

typedef enum { PCMIO_PIPEWIRE_CONNECTING = 0, PCMIO_PIPEWIRE_READY, PCMIO_PIPEWIRE_LOST } pcmio_pipewire_condition;

/* What a stream is opened with. */
typedef struct {
  const char *name;
  void *properties;  /* pw_properties; taken over */
  const void *param; /* spa_pod: the format */
  uint32_t flags;    /* pw_stream_flags */
  uint32_t output;   /* 1: playback, 0: recording */
  uint32_t rate;
  uint32_t frame_bytes;
  uint32_t target; /* the id of the node that it is meant to be linked with; ANY: the user links it */
  uint32_t pinned; /* 1: it ends with that node, 0: it may be linked with another one */
} pcmio_pipewire_request;

/* python.  One round of a pw_loop, which the calling thread lends; at most `timeout_millis`.  Negative: over. */
PCMIO_API int32_t pcmio_pipewire_iterate(void *loop, int32_t timeout_millis);
/* python.  What can be read when such a round has something to do. */
PCMIO_API int32_t pcmio_pipewire_descriptor(void *loop);
/* python.  Methods of PipeWire's proxies, which old libraries do not export.  `hook` is a zeroed spa_hook. */
PCMIO_API int32_t pcmio_pipewire_listen(void *proxy, void *hook, const void *events, void *data);
PCMIO_API int32_t pcmio_pipewire_sync(void *core, int32_t sequence);
PCMIO_API void *pcmio_pipewire_registry(void *core);
PCMIO_API void *pcmio_pipewire_bind(void *registry, uint32_t id, const char *type, uint32_t version);
/* What a factory of the server makes, as a proxy; NULL: no memory.  `properties` is a spa_dict. */
PCMIO_API void *pcmio_pipewire_create(void *core, const char *factory, const char *type, uint32_t version,
                                      const void *properties);
PCMIO_API int32_t pcmio_pipewire_destroy(void *registry, uint32_t id);
PCMIO_API int32_t pcmio_pipewire_enum_params(void *node, uint32_t id);

/* python.  A connection for streams, with a thread that runs nothing but the core.  `wakeup` is posted whenever its
 * condition changes or a question is answered.  open: takes over a pw_thread_loop that does not run yet, its
 * pw_context, a connected socket and pw_properties; 0, or minus the system's error number.  NULL: no memory. */
PCMIO_API pcmio_pipewire_connection *pcmio_pipewire_connection_new(const pcmio_pipewire_api *api, pcmio_wakeup *wakeup);
PCMIO_API int32_t pcmio_pipewire_connection_open(pcmio_pipewire_connection *connection, void *loop, void *context,
                                                 int32_t descriptor, void *properties);
PCMIO_API uint32_t pcmio_pipewire_connection_condition(const pcmio_pipewire_connection *connection);
PCMIO_API int32_t pcmio_pipewire_connection_error(const pcmio_pipewire_connection *connection);
/* Asks the server to answer: the number of the question; and the number of the last question that was answered. */
PCMIO_API uint32_t pcmio_pipewire_connection_ask(pcmio_pipewire_connection *connection);
PCMIO_API uint32_t pcmio_pipewire_connection_answered(const pcmio_pipewire_connection *connection);
PCMIO_API void pcmio_pipewire_connection_free(pcmio_pipewire_connection *connection); /* after its streams */

/* python.  Those that can fail return 0 or minus the system's error number; `wakeup` is posted whenever the stream's
 * state changes. */
PCMIO_API pcmio_pipewire_stream *pcmio_pipewire_stream_new(pcmio_pipewire_connection *connection, pcmio_pump *pump,
                                                           pcmio_wakeup *wakeup);
PCMIO_API int32_t pcmio_pipewire_stream_open(pcmio_pipewire_stream *stream, const pcmio_pipewire_request *request);
PCMIO_API int32_t pcmio_pipewire_stream_state(const pcmio_pipewire_stream *stream); /* pw_stream_state */
/* Whether its end was told: the server or its device is gone. */
PCMIO_API uint32_t pcmio_pipewire_stream_over(const pcmio_pipewire_stream *stream);
/* Whether it has ever been linked with a device. */
PCMIO_API uint32_t pcmio_pipewire_stream_linked(const pcmio_pipewire_stream *stream);
/* The id of its node, PCMIO_PIPEWIRE_ANY when it has none. */
PCMIO_API uint32_t pcmio_pipewire_stream_node(const pcmio_pipewire_stream *stream);
/* What the server last complained of, into PCMIO_PIPEWIRE_TEXT_BYTES of `text`. */
PCMIO_API void pcmio_pipewire_stream_complaint(pcmio_pipewire_stream *stream, char *text);
PCMIO_API int32_t pcmio_pipewire_stream_start(pcmio_pipewire_stream *stream);
/* Holds it; `discard` 1: empties PipeWire's queues too. */
PCMIO_API int32_t pcmio_pipewire_stream_hold(pcmio_pipewire_stream *stream, uint32_t discard);
/* A second note DRAINED comes when PipeWire has played all it has; its value is when that will be heard. */
PCMIO_API int32_t pcmio_pipewire_stream_drain(pcmio_pipewire_stream *stream);
/* Its node's volume and mute, as they are now.  A change that others make is told by a note VOLUME_CHANGED, whose code
 * is 1 if the stream has ever been linked with a device before.  has_volume: 0: they cannot be set yet; when they can,
 * a note is left, too, and `wakeup` posted. */
PCMIO_API uint32_t pcmio_pipewire_stream_has_volume(const pcmio_pipewire_stream *stream);
PCMIO_API double pcmio_pipewire_stream_volume(const pcmio_pipewire_stream *stream);
PCMIO_API uint32_t pcmio_pipewire_stream_muted(const pcmio_pipewire_stream *stream);
PCMIO_API int32_t pcmio_pipewire_stream_set_volume(pcmio_pipewire_stream *stream, double volume); /* of all channels */
PCMIO_API int32_t pcmio_pipewire_stream_set_muted(pcmio_pipewire_stream *stream, uint32_t muted);
/* Closes it: afterwards nobody touches the pump.  Then frees it. */
PCMIO_API void pcmio_pipewire_stream_free(pcmio_pipewire_stream *stream);

/* --- rt/pump_alsa.c: an ALSA PCM and the loop that serves it (setup/alsa.c makes, runs and frees) ------------------
 */

/* libasound's functions, each in the place of its name without "snd_pcm_".  Its objects are opaque here; frame counts
 * are snd_pcm_uframes_t and snd_pcm_sframes_t, errors minus the system's numbers. */
typedef struct {
  long (*avail)(void *pcm);
  int32_t (*state)(void *pcm);
  int32_t (*status)(void *pcm, void *status);
  long (*status_get_delay)(const void *status);
  void (*status_get_htstamp)(const void *status, void *time);
  void (*status_get_trigger_htstamp)(const void *status, void *time);
  int32_t (*mmap_begin)(void *pcm, const void **areas, unsigned long *offset, unsigned long *frames);
  long (*mmap_commit)(void *pcm, unsigned long offset, unsigned long frames);
  long (*writei)(void *pcm, const void *buffer, unsigned long frames);
  long (*writen)(void *pcm, void **buffers, unsigned long frames);
  long (*readi)(void *pcm, void *buffer, unsigned long frames);
  long (*readn)(void *pcm, void **buffers, unsigned long frames);
  long (*rewindable)(void *pcm);
  long (*rewind)(void *pcm, unsigned long frames);
  int32_t (*prepare)(void *pcm);
  int32_t (*start)(void *pcm);
  int32_t (*drop)(void *pcm);
  int32_t (*pause)(void *pcm, int32_t hold);
  int32_t (*resume)(void *pcm);
  int32_t (*close)(void *pcm);
  int32_t (*poll_descriptors_count)(void *pcm);
  int32_t (*poll_descriptors)(void *pcm, void *descriptors, uint32_t room);
  int32_t (*poll_descriptors_revents)(void *pcm, void *descriptors, uint32_t count, unsigned short *revents);
} pcmio_alsa_api;

typedef struct pcmio_alsa_stream pcmio_alsa_stream;

#define PCMIO_ALSA_CHANNELS 256 /* of a stream whose channels are apart in memory */

/* What was agreed on with the PCM. */
typedef struct {
  uint32_t output; /* 1: playback, 0: capture */
  uint32_t rate;
  uint32_t channels;
  uint32_t sample_bytes; /* of the native format */
  uint32_t period_frames;
  uint32_t buffer_frames;
  uint32_t tail_frames; /* of silence that must be out after the last frame, for that to have been heard */
  uint32_t mapped;      /* 1: the device's memory is written and read in place */
  uint32_t planar;      /* 1: channels are apart */
  uint32_t can_pause;   /* the hardware can */
  uint32_t can_resume;
  uint32_t clockless; /* 1: takes and gives as much as one likes, at once: the core's clock paces it */
  uint32_t repeats;   /* 1: held, it would go on to play what it played last: it is held after silence only */
  uint32_t sign_byte; /* 1 or 2: in which of a recorded sample's four bytes the sign is, which the top one lacks; 0: in
                         place */
  int32_t niceness;   /* of the thread, where a system has that and lets it; 0: as it comes */
  uint32_t status_bytes; /* snd_pcm_status_sizeof() */
} pcmio_alsa_config;

typedef enum {
  PCMIO_ALSA_START = 1, /* moves samples from now on; goes on after PAUSE */
  PCMIO_ALSA_PAUSE,     /* holds the device; what it has queued is kept or played, what it has recorded thrown away */
  PCMIO_ALSA_DISCARD,   /* holds the device and throws away what it has queued */
  PCMIO_ALSA_DRAIN,     /* a note NATIVE_DRAINED comes when all frames from the ring have been heard */
  PCMIO_ALSA_CLOSE      /* closes the PCM and ends the thread */
} pcmio_alsa_order_kind;

/* python.  The PCM is prepared, and from now on touched by the stream's own thread only, which runs nothing but the
 * core.  `wakeup` is posted whenever an order was carried out.  NULL: no memory, no thread, or no such stream; the PCM
 * is the caller's then. */
PCMIO_API pcmio_alsa_stream *pcmio_alsa_new(const pcmio_alsa_api *api, const pcmio_alsa_config *config, void *pcm,
                                            pcmio_pump *pump, pcmio_wakeup *wakeup);
/* The number of its thread; 0: it has not begun, and posts `wakeup` when it does. */
PCMIO_API uint64_t pcmio_alsa_thread(const pcmio_alsa_stream *stream);
/* Gives an order, one at a time; returns its number.  When it is the one that `answered` returns, `answer` is 0 or
 * minus the system's error number. */
PCMIO_API uint32_t pcmio_alsa_order(pcmio_alsa_stream *stream, uint32_t kind);
PCMIO_API uint32_t pcmio_alsa_answered(const pcmio_alsa_stream *stream);
PCMIO_API int32_t pcmio_alsa_answer(const pcmio_alsa_stream *stream);
/* Whether the device's queue waits for frames that Python had not ready; and has the thread look again. */
PCMIO_API uint32_t pcmio_alsa_owing(const pcmio_alsa_stream *stream);
PCMIO_API void pcmio_alsa_poke(pcmio_alsa_stream *stream);
PCMIO_API void pcmio_alsa_free(pcmio_alsa_stream *stream); /* after CLOSE was answered */

/* native: for snd_lib_error_set_handler: what libasound
 * would print becomes a message. */
PCMIO_API void pcmio_alsa_error(const char *file, int32_t line, const char *function, int32_t code, const char *format,
                                ...);

/* --- rt/pump_jack.c: the callbacks of a JACK client, which serve all its streams ---------------------------------- */

typedef struct pcmio_jack_client pcmio_jack_client;
typedef struct pcmio_jack_stream pcmio_jack_stream;

#define PCMIO_JACK_CHANNELS 64 /* of a stream, in each direction */

/* Addresses of libjack's functions; all but the last may be called on its process thread. */
typedef struct {
  void *(*port_get_buffer)(void *port, uint32_t frames);
  int (*get_cycle_times)(const void *client, uint32_t *frame, uint64_t *usecs, uint64_t *next_usecs, float *period);
  uint64_t (*get_time)(void);
  void (*port_get_latency_range)(void *port, uint32_t mode, void *range);
  void (*port_set_latency_range)(void *port, uint32_t mode, void *range);
  int (*port_unregister)(void *client, void *port);
} pcmio_jack_api;

typedef struct {
  uint32_t lost; /* shut down: nothing of libjack but jack_client_close may be called */
  int32_t code;  /* jack_status_t of the shutdown */
  uint32_t rate;
  uint32_t period_frames;
} pcmio_jack_state;

/* To be registered with the client's address as argument. */
PCMIO_API int32_t pcmio_jack_process(uint32_t frames, void *client); /* audio */
PCMIO_API int32_t pcmio_jack_xrun(void *client);                     /* audio or native, as all that follow */
PCMIO_API int32_t pcmio_jack_buffer_size(uint32_t frames, void *client);
PCMIO_API int32_t pcmio_jack_sample_rate(uint32_t rate, void *client);
PCMIO_API int32_t pcmio_jack_graph_order(void *client);
PCMIO_API void pcmio_jack_freewheel(int32_t starting, void *client);
PCMIO_API void pcmio_jack_latency(uint32_t mode, void *client);
PCMIO_API void pcmio_jack_shutdown(uint32_t code, const char *reason, void *client);
PCMIO_API void pcmio_jack_gone(void *client); /* the same without the reason, for jack_on_shutdown */
/* A client has come or gone: streams that were connected to the ports of one that went are told (DEVICE_LOST). */
PCMIO_API void pcmio_jack_registered(const char *name, int32_t registered, void *client);
/* native or python: the client is no more; each of its streams is told once (HOST_LOST). */
PCMIO_API void pcmio_jack_lose(pcmio_jack_client *client, int32_t code);

/* python: setup/jack_life.c.  NULL: no memory. */
PCMIO_API pcmio_jack_client *pcmio_jack_client_new(const pcmio_jack_api *api);
PCMIO_API void pcmio_jack_client_free(pcmio_jack_client *client); /* after jack_client_close */
/* `handle` is what jack_client_open returned; before each jack_activate. */
PCMIO_API void pcmio_jack_client_opened(pcmio_jack_client *client, void *handle, uint32_t rate, uint32_t period_frames);
PCMIO_API void pcmio_jack_client_state(const pcmio_jack_client *client, pcmio_jack_state *state);
/* Before the client's ports or their connections are changed. */
PCMIO_API void pcmio_jack_changing(pcmio_jack_client *client);
/* Unregisters ports, each at a moment when libjack does not walk over them: waits at most `timeout_nanos` for the graph
 * to be in order again.  Returns how many libjack refused. */
PCMIO_API uint32_t pcmio_jack_unregister(pcmio_jack_client *client, void *const *ports, uint32_t count,
                                         int64_t timeout_nanos);
/* Ports are jack_port_t, one for each channel of the pump's. */
PCMIO_API pcmio_jack_stream *pcmio_jack_stream_new(pcmio_pump *pump, uint32_t inputs, void *const *in_ports,
                                                   uint32_t outputs, void *const *out_ports);
PCMIO_API void pcmio_jack_stream_free(pcmio_jack_stream *stream); /* after leave */
/* Whose ports it is connected to; NULL: nobody's. */
PCMIO_API void pcmio_jack_stream_belongs(pcmio_jack_stream *stream, const char *name);
/* Asks for the latencies of a stream's ports, as the latency callback does. */
PCMIO_API void pcmio_jack_stream_measure(pcmio_jack_client *client, pcmio_jack_stream *stream);
/* From the next cycle on the stream is served; 0, or -1: the client has all the streams it can have. */
PCMIO_API int32_t pcmio_jack_join(pcmio_jack_client *client, pcmio_jack_stream *stream);
/* Waits for a cycle of silence, at most `silence_nanos`, then until no callback is inside.  0, or -1: one still was
 * after `quiet_nanos`, and the stream and its pump must not be freed. */
PCMIO_API int32_t pcmio_jack_leave(pcmio_jack_client *client, pcmio_jack_stream *stream, int64_t silence_nanos,
                                   int64_t quiet_nanos);

/* --- setup/jack_threads.c: libjack's thread for notifications ------------------------------------------------------
 */

/* pthread_create */
typedef int (*pcmio_jack_thread_creator)(void *thread, const void *attributes, void *(*body)(void *), void *argument);

/* python: calls jack_set_thread_creator, so that it is known from now on which threads libjack makes. */
PCMIO_API void pcmio_jack_note_threads(void (*set_thread_creator)(pcmio_jack_thread_creator creator));
/* python: the number of the thread that libjack created last on the calling thread, once; 0: none.  After
 * jack_client_open that is the client's thread for notifications. */
PCMIO_API uint64_t pcmio_jack_created_thread(void);
/* python: calls jack_client_close when it cannot hang.  `lost`: the server is gone. */
PCMIO_API int32_t pcmio_jack_close(int (*close_client)(void *client), void *client, uint64_t notifier, uint32_t lost);

/* --- setup/jack_ask.c: the same of a server that may not answer -------------------------------------------------- */

#define PCMIO_JACK_UNANSWERED (-1)
#define PCMIO_JACK_NO_MEMORY (-2)

enum { PCMIO_JACK_ACTIVATE, PCMIO_JACK_LINK, PCMIO_JACK_REGISTER };

/* jack_activate; jack_connect and jack_disconnect; jack_port_register */
typedef union {
  int (*activate)(void *handle);
  int (*link)(void *handle, const char *source, const char *destination);
  void *(*register_port)(void *handle, const char *name, const char *type, unsigned long flags, unsigned long frames);
} pcmio_jack_call;

/* python: one of libjack's calls that ask the server, on a thread that takes no signals.  PCMIO_JACK_UNANSWERED: as
 * below; else `result` is what libjack has returned. */
PCMIO_API int32_t pcmio_jack_ask_within(pcmio_jack_client *client, uint32_t what, pcmio_jack_call call,
                                        const char *first, const char *second, uint64_t flags, int64_t answer_nanos,
                                        int (*close_client)(void *handle), uint64_t notifier, int64_t *result);

/* python: pcmio_jack_unregister.  PCMIO_JACK_UNANSWERED: the server has not answered for `answer_nanos`.  Then neither
 * libjack may be asked for this client again, nor the client be freed; it is closed if the server answers after all. */
PCMIO_API int32_t pcmio_jack_unregister_within(pcmio_jack_client *client, void *const *ports, uint32_t count,
                                               int64_t order_nanos, int64_t answer_nanos,
                                               int (*close_client)(void *handle), uint64_t notifier);
/* python: pcmio_jack_close; 0: it is closed, or likewise. */
PCMIO_API int32_t pcmio_jack_close_within(int (*close_client)(void *handle), void *handle, uint64_t notifier,
                                          uint32_t lost, int64_t answer_nanos);

/* --- setup/jack_watch.c: a JACK client that has no ports, and only watches ---------------------------------------- */

typedef struct pcmio_jack_watch pcmio_jack_watch;

/* FNV-1a of a client's name: what goes where text does not fit. */
PCMIO_API uint64_t pcmio_jack_name_hash(const char *name);

/* To be registered with the watch's address as argument: native. */
PCMIO_API void pcmio_jack_watch_port(uint32_t port, int32_t registered, void *watch);
PCMIO_API void pcmio_jack_watch_client(const char *name, int32_t registered, void *watch);
PCMIO_API void pcmio_jack_watch_shutdown(uint32_t code, const char *reason, void *watch);
PCMIO_API void pcmio_jack_watch_gone(void *watch);

/* python.  `wakeup` is posted at every change; NULL: no memory. */
PCMIO_API pcmio_jack_watch *pcmio_jack_watch_new(pcmio_wakeup *wakeup);
PCMIO_API void pcmio_jack_watch_free(pcmio_jack_watch *watch);              /* after jack_client_close */
PCMIO_API uint32_t pcmio_jack_watch_changes(const pcmio_jack_watch *watch); /* how many there were */
/* The hash of the name of a client that has gone, each once; 0: of no other. */
PCMIO_API uint64_t pcmio_jack_watch_left(pcmio_jack_watch *watch);
/* Whether the server has shut this client down, and with which jack_status_t. */
PCMIO_API uint32_t pcmio_jack_watch_lost(const pcmio_jack_watch *watch);
PCMIO_API int32_t pcmio_jack_watch_code(const pcmio_jack_watch *watch);

#endif
