/* The core of pcmio: moves samples between a native audio buffer and a lock-free ring.
 *
 * Python opens the native library, hands the addresses of the few functions an audio thread needs to the core,
 * and registers one of the pumps below as the native callback.  From then on no Python runs on that thread.
 *
 * Three kinds of callers are named at each group:
 *   audio   the thread on which the native system (or the core's own loop) moves samples; may not wait
 *   native  any other thread of a native library; may not wait for Python
 *   python  a thread of the interpreter; may wait, allocate and fail
 *
 * Frames are sets of one sample per channel.  Times are nanoseconds on the pump's own monotonic clock. */
#ifndef PCMIO_H
#define PCMIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pcmio_callback.h"

#if defined(_WIN32)
#define PCMIO_API __declspec(dllexport)
#else
#define PCMIO_API __attribute__((visibility("default")))
#endif

/* Raised whenever a prototype or a struct of this file changes; the Python side refuses another number. */
#define PCMIO_ABI 7
PCMIO_API uint32_t pcmio_abi(void); /* python */

/* --- rt/convert.c: sample formats (any thread) -------------------------------------------------------------------- */

typedef enum {
  PCMIO_I8 = 0,
  PCMIO_I16,
  PCMIO_I24, /* 24 bits right-aligned and sign-extended in a 32-bit word */
  PCMIO_I32,
  PCMIO_I64,
  PCMIO_U8,
  PCMIO_U16,
  PCMIO_U24, /* 24 bits right-aligned in a 32-bit word */
  PCMIO_U32,
  PCMIO_U64,
  PCMIO_F32,
  PCMIO_F64,
  PCMIO_I24_PACKED, /* three bytes */
  PCMIO_U24_PACKED,
  PCMIO_DSD_U8,
  PCMIO_DSD_U16,
  PCMIO_DSD_U32,
  PCMIO_FORMATS
} pcmio_format;

/* Or-ed to a format: its samples are in the byte order that is not this machine's. */
#define PCMIO_SWAPPED 0x100

/* To an integer, samples round to nearest, ties to even, and clip at +-1.0; NaN becomes silence.  Among themselves,
 * floats are not clipped.  DSD converts to nothing but the other byte order. */

/* Bytes of one sample; 0 for an unknown format. */
PCMIO_API uint32_t pcmio_format_bytes(uint32_t format);
PCMIO_API bool pcmio_can_convert(uint32_t to, uint32_t from);
/* Copies `count` samples, at any address, that do not overlap.  Steps are in samples: 1 is contiguous, 2 one channel of
 * interleaved stereo.  The same format is copied bit for bit; what cannot be converted is left alone. */
PCMIO_API void pcmio_convert(void *to, uint32_t to_format, ptrdiff_t to_step, const void *from, uint32_t from_format,
                             ptrdiff_t from_step, size_t count);
PCMIO_API void pcmio_silence(void *to, uint32_t format, ptrdiff_t step, size_t count);

/* --- rt/messages.c: text from native libraries, kept for Python's logging ----------------------------------------- */

#define PCMIO_MESSAGE_BYTES 240
/* native or audio: handed to libraries that would print otherwise. */
PCMIO_API void pcmio_message_error(const char *text);
PCMIO_API void pcmio_message_info(const char *text);
/* python: takes the oldest message into PCMIO_MESSAGE_BYTES of `text`; returns 1 for info, 2 for error, 0 for none. */
PCMIO_API int32_t pcmio_message_take(char *text);
/* python: messages that found no room since the last call. */
PCMIO_API uint32_t pcmio_messages_dropped(void);

/* --- setup/wakeup.c: how an audio thread wakes a Python thread ---------------------------------------------------- */

typedef struct pcmio_wakeup pcmio_wakeup;
PCMIO_API pcmio_wakeup *pcmio_wakeup_new(void); /* python; NULL: no memory */
PCMIO_API void pcmio_wakeup_free(pcmio_wakeup *wakeup);
/* audio, native, python: one system call when somebody sleeps, none otherwise.  Posts do not add up. */
PCMIO_API void pcmio_wakeup_post(void *wakeup);
/* python, one thread at a time: 1 when posted, 0 when `timeout_nanos` passed (negative: no limit). */
PCMIO_API int32_t pcmio_wakeup_wait(pcmio_wakeup *wakeup, int64_t timeout_nanos);

/* --- setup/threads.c: time and priority --------------------------------------------------------------------------- */

PCMIO_API uint64_t pcmio_clock_nanos(void); /* any thread: the monotonic clock */
/* The calling thread asks for real-time scheduling; 0, or the system's error number. */
PCMIO_API int32_t pcmio_thread_promote(int32_t priority);
/* native: the same in the shape of a native callback `void f(void *)`; `outcome` points to an int32_t for the result,
 * preset by the caller to the priority wanted; afterwards 0, or minus the system's error number. */
PCMIO_API void pcmio_thread_promote_callback(void *outcome);
PCMIO_API void pcmio_sleep_nanos(int64_t nanos); /* python */

/* --- setup/realtime.c: priority for others, and the guard over what rtkit gives ------------------------------------
 */

/* any thread: its number, by which others promote it, never 0; on Linux the one that the system's services know. */
PCMIO_API uint64_t pcmio_thread_number(void);
/* python: real-time scheduling for another thread; 0, or the system's error number. */
PCMIO_API int32_t pcmio_thread_promote_other(uint64_t number, int32_t priority);
/* python.  add: from now on a thread that computes longer than RLIMIT_RTTIME allows is made an ordinary one, in place
 * of ending the program; once or again; 0, or -1: no place, or the program handles SIGXCPU itself.  tripped: 1 when
 * that has happened.  remove: before the thread ends. */
PCMIO_API int32_t pcmio_guard_add(uint64_t number);
PCMIO_API int32_t pcmio_guard_tripped(uint64_t number);
PCMIO_API void pcmio_guard_remove(uint64_t number);

/* --- rt/notes.c: what native threads have to tell ----------------------------------------------------------------- */

typedef enum {
  PCMIO_NOTE_DRAINED = 1,     /* the last frame has left the ring; value: when it will have left the converter */
  PCMIO_NOTE_DEVICE_LOST,     /* code: native */
  PCMIO_NOTE_HOST_LOST,       /* code: native */
  PCMIO_NOTE_RATE_CHANGED,    /* value: frames per second */
  PCMIO_NOTE_BUFFER_CHANGED,  /* value: frames per native cycle */
  PCMIO_NOTE_MOVED,           /* the system moved the stream to another device */
  PCMIO_NOTE_SUSPENDED,       /* the device sleeps; samples stop */
  PCMIO_NOTE_RESUMED,         /* and goes on */
  PCMIO_NOTE_FAILED,          /* code: native; the stream cannot go on */
  PCMIO_NOTE_NATIVE_DRAINED,  /* the system has played its own queue */
  PCMIO_NOTE_REALTIME_DENIED, /* code: native */
  PCMIO_NOTE_OPERATION,       /* code: result; value: whatever the host gave to tell its operations apart */
  PCMIO_NOTE_VOLUME_CHANGED,  /* somebody else has changed the volume that the system keeps for the stream */
  PCMIO_NOTE_CALLBACK_OVER    /* code: what the stream's native callback returned, not PCMIO_GO_ON: no call follows */
} pcmio_note_kind;

typedef struct {
  uint32_t kind; /* pcmio_note_kind */
  int32_t code;
  uint64_t value;
} pcmio_note;

/* --- rt/pump.c: the one data path --------------------------------------------------------------------------------- */

typedef struct pcmio_pump pcmio_pump;

typedef enum {
  PCMIO_IDLE = 0, /* outputs are silent, input is dropped, the ring is not touched */
  PCMIO_RUNNING,
  PCMIO_DRAINING /* plays what the ring still has, then notes DRAINED and is silent; input is dropped */
} pcmio_mode;

typedef struct {
  uint32_t rate;         /* frames per second */
  uint32_t slot_frames;  /* frames of one block of the user's */
  uint32_t slots;        /* blocks in each ring */
  uint32_t wake_slots;   /* output: free blocks at which Python is woken, 1 to slots; with an input always 1 */
  uint32_t out_channels; /* 0: no output */
  uint32_t out_format;   /* the user's */
  uint32_t out_native_format;
  uint32_t out_planar; /* native buffers: 1 a pointer for each channel, 0 one interleaved pointer */
  uint32_t in_channels;
  uint32_t in_format;
  uint32_t in_native_format;
  uint32_t in_planar;
  void *out_data; /* slots * slot_frames * out_channels samples; lives longer than the pump */
  void *in_data;
  void (*wake)(void *); /* called on the audio thread; pcmio_wakeup_post */
  void *wake_argument;
  uint64_t (*clock)(void); /* now, in ticks of `clock_nanos` nanoseconds */
  uint64_t clock_nanos;
  const uint64_t *clock_cell; /* without `clock`: now, in nanoseconds; whoever simulates time writes it */
  /* For streams of one direction: fills or takes the blocks on the audio thread, each when it is due, in place of a
   * thread of Python's, for which there are none then.  The ring needs one slot.  NULL: Python does. */
  pcmio_native_callback callback;
  void *callback_user;
  /* Of each channel of the user's, the one of the device that it goes to (each at most once) or comes from; only read
   * by pcmio_pump_new.  NULL: the device has the same channels.  Those that nothing goes to are silent. */
  const uint32_t *out_chosen;
  const uint32_t *in_chosen;
  uint32_t out_device_channels; /* with out_chosen: in native buffers */
  uint32_t in_device_channels;
} pcmio_pump_config;

/* One block, as told to the user's callback. */
typedef struct {
  uint64_t callback_nanos;
  uint64_t output_nanos;       /* when its first frame reaches the converter */
  uint64_t input_nanos;        /* when its first frame was captured */
  uint64_t position;           /* frames in all blocks before this one, over the pump's life */
  uint64_t output_xrun_frames; /* silence the device got for want of frames, since the previous block */
  uint64_t input_xrun_frames;  /* frames lost before this block */
  uint32_t output_slot;        /* where the block lies in the ring's memory */
  uint32_t input_slot;
} pcmio_block;

typedef struct {
  uint64_t cycles;        /* native cycles served */
  uint64_t blocks;        /* blocks that Python, or the native callback, has filled or taken */
  uint64_t output_frames; /* frames of the ring that the device took */
  uint64_t input_frames;  /* frames captured */
  uint64_t xruns;         /* times that the ring ran empty or full, or that the system reported one */
  uint64_t output_xrun_frames;
  uint64_t input_xrun_frames;
  uint64_t wakes; /* posts to the Python thread */
  uint64_t notes_dropped;
  uint64_t longest_turn_nanos; /* that the stream's thread, once woken, waited for the interpreter */
  uint64_t callback_nanos;     /* between a block's being prepared and handed back, all blocks together, */
  uint64_t longest_callback_nanos;
  uint64_t awakenings;       /* posts after which the stream's thread was seen to be awake, */
  uint64_t wake_delay_nanos; /* and how long each took, all together */
  uint64_t longest_wake_delay_nanos;
  uint32_t largest_cycle;    /* frames */
  uint32_t output_low_water; /* fewest frames that were ready when a cycle began, since RUNNING was last set; */
  uint32_t input_low_water;  /* fewest for which there was room then; PCMIO_NO_CYCLE: there was none yet */
} pcmio_stats;

#define PCMIO_NO_CYCLE UINT32_MAX

/* python: setup/pump_life.c.  new: NULL when out of memory, or when the config cannot be served. */
PCMIO_API pcmio_pump *pcmio_pump_new(const pcmio_pump_config *config);
PCMIO_API void pcmio_pump_free(pcmio_pump *pump);
/* python: waits until no audio thread is inside the pump; 0, or -1 when it still was after `timeout_nanos`. */
PCMIO_API int32_t pcmio_pump_settle(pcmio_pump *pump, int64_t timeout_nanos);
/* python, on the thread that steps, after IDLE and settle: empties the rings; the next block begins with a slot.
 * Positions and statistics go on; frames lost and not yet told with a block are forgotten. */
PCMIO_API void pcmio_pump_reset(pcmio_pump *pump);
/* The same for the input alone: drops captured blocks, whole and begun; the next tells what was lost before them. */
PCMIO_API void pcmio_pump_flush_input(pcmio_pump *pump);
/* audio, native, python: from the outputs to the converter and from the converter to the inputs. */
PCMIO_API void pcmio_pump_set_latency(pcmio_pump *pump, uint64_t output_nanos, uint64_t input_nanos);

/* python, all return at once (bound so that they keep the GIL). */
PCMIO_API void pcmio_pump_set_mode(pcmio_pump *pump, uint32_t mode);
/* Samples are scaled by `amplitude`, which is reached within a block: 1.0 leaves them as they are, bit for bit, and 0.0
 * makes silence.  DSD can be silent only. */
PCMIO_API void pcmio_pump_set_gain(pcmio_pump *pump, double amplitude);
PCMIO_API uint32_t pcmio_pump_mode(const pcmio_pump *pump);
/* The stream's own thread: hands `finished` (0 or 1) blocks back and prepares the next: its slots, silent for output,
 * and `*block` filled; 1, or 0 when none is ready.  A block may be prepared again before it is handed back. */
PCMIO_API int32_t pcmio_pump_step(pcmio_pump *pump, uint32_t finished, pcmio_block *block);
/* Says that posts up to now have been seen; after every wake-up, before notes and blocks are looked for. */
PCMIO_API void pcmio_pump_awake(pcmio_pump *pump);
PCMIO_API void pcmio_pump_stats(const pcmio_pump *pump, pcmio_stats *stats);
/* Frames of the ring that the device took, or frames captured, over the pump's life; stands still in IDLE. */
PCMIO_API uint64_t pcmio_pump_position(const pcmio_pump *pump);
/* Output: frames written and not yet taken; input: captured and not yet read. */
PCMIO_API uint32_t pcmio_pump_filled(const pcmio_pump *pump);
PCMIO_API uint64_t pcmio_pump_now(const pcmio_pump *pump);
/* The native latency last set: of the outputs, or of the inputs when there are no outputs. */
PCMIO_API uint64_t pcmio_pump_latency(const pcmio_pump *pump);
/* When a frame, counted as blocks count their position, was or will be at the converter, and which one was or will be
 * there at a time: of the output, or of the input when there is no output.  Any thread; 1, or 0 when that is not known:
 * before the first cycle, for what comes while nothing moves, and for what was long ago. */
PCMIO_API int32_t pcmio_pump_time_of(const pcmio_pump *pump, uint64_t frame, uint64_t *nanos);
PCMIO_API int32_t pcmio_pump_frame_at(const pcmio_pump *pump, uint64_t nanos, uint64_t *frame);
PCMIO_API int32_t pcmio_pump_take_note(pcmio_pump *pump, pcmio_note *note); /* 1: taken, 0: none */

/* audio: `frames` frames from and to native buffers (planar: an array of channel pointers; else [0] only).  The first
 * of `inputs` was captured at `input_nanos`, the first of `outputs` will reach the converter at `output_nanos`.  Fills
 * every output, always.  Never waits, allocates or locks; one call of `wake` at most. */
PCMIO_API void pcmio_pump_transfer(pcmio_pump *pump, const void *const *inputs, void *const *outputs, uint32_t frames,
                                   uint64_t input_nanos, uint64_t output_nanos);
/* audio or native: the system lost `frames` frames (0: it does not say how many). */
PCMIO_API void pcmio_pump_xrun(pcmio_pump *pump, uint64_t frames);
/* python, while IDLE and with no transfer under way: the device was held at this time, and keeps what it has taken of
 * the output and not played: it will be heard just before what comes next. */
PCMIO_API void pcmio_pump_held(pcmio_pump *pump, uint64_t nanos);
/* audio, native, python: leaves a note and wakes the stream's thread. */
PCMIO_API void pcmio_pump_note(pcmio_pump *pump, uint32_t kind, int32_t code, uint64_t value);

/* --- rt/sampler.c: native callbacks that play from memory and record into it --------------------------------------
 */

typedef struct {
  void *samples;      /* interleaved, in the stream's format */
  uint64_t frames;    /* there is room for, or that there are; then the stream ends: PCMIO_FINISH */
  uint64_t at;        /* frames done; written by the audio thread alone, read by any */
  uint64_t lost;      /* sum of what blocks told as lost; likewise */
  const uint64_t *go; /* recording: nothing is kept while there is 0; NULL: from the first block on */
  uint64_t *starts; /* when frame 0 was heard or captured, as each of the last blocks has it, in nanoseconds; or NULL */
  uint32_t start_room; /* of these there is room for so many, and then the oldest make room */
  uint32_t reserved;
  uint64_t start_count; /* and so many blocks there were; likewise */
} pcmio_sampler;

/* audio: a pcmio_native_callback, whose user is a pcmio_sampler.  Recorded frames that were lost leave their place as
 * it was: what comes after them is where it belongs. */
PCMIO_API int32_t pcmio_sampler_play(void *sampler, const pcmio_native_block *block, void *samples);
PCMIO_API int32_t pcmio_sampler_record(void *sampler, const pcmio_native_block *block, void *samples);

/* --- rt/pump_copy.c: the same ring without blocks, in one direction.  All return at once -------------------------- */

/* python, one thread at a time.  put: converts frames of `channels` channels, as many as the stream has, or 1 for all
 * of them, into the ring; how many had room.  get: takes captured frames, in the ring's format; how many there were. */
PCMIO_API uint32_t pcmio_pump_put(pcmio_pump *pump, const void *from, uint32_t format, uint32_t channels,
                                  uint32_t frames);
PCMIO_API uint32_t pcmio_pump_get(pcmio_pump *pump, void *to, uint32_t frames);
/* python: from now on a cycle wakes Python when there is room for so many frames, or when so many are captured;
 * UINT32_MAX: nobody waits; 0: as for blocks. */
PCMIO_API void pcmio_pump_want(pcmio_pump *pump, uint32_t frames);

typedef struct {
  uint64_t due_nanos;   /* when the next frame that is put will reach the converter; 0: not known */
  uint64_t xrun_frames; /* silence that was played for want of frames */
  uint32_t filled;      /* frames in the ring */
  uint32_t reserved;
} pcmio_outlook;

/* python: what becomes of the next frame of an output. */
PCMIO_API void pcmio_pump_outlook(const pcmio_pump *pump, pcmio_outlook *outlook);

/* --- setup/turns.c: how the thread that serves a stream waits for work and for the interpreter ---------------------
 */

typedef struct pcmio_turns pcmio_turns;

#define PCMIO_TURN_BLOCK 1u /* a block is prepared */
#define PCMIO_TURN_NOTES 2u /* there are notes to be taken */

PCMIO_API pcmio_turns *pcmio_turns_new(pcmio_pump *pump, pcmio_wakeup *wakeup); /* python; NULL: no memory */
PCMIO_API void pcmio_turns_free(pcmio_turns *turns);
/* python, as all that follow on the thread that serves.  Asks for real-time scheduling, not if `priority` is 0; 0, or
 * the system's error number. `interval_nanos`: after which the interpreter's threads ask for each other's turn. */
PCMIO_API int32_t pcmio_turns_enter(pcmio_turns *turns, uint64_t interval_nanos, int32_t priority);
/* rtkit has given it what the system refused: it is kept until the thread had better be patient.  Then, when that is
 * over, would_borrow: 1 as long as it could do with it again. */
PCMIO_API void pcmio_turns_lend(pcmio_turns *turns);
PCMIO_API int32_t pcmio_turns_would_borrow(const pcmio_turns *turns);
/* Without the GIL: as pcmio_wakeup_wait. */
PCMIO_API int32_t pcmio_turns_wait(pcmio_turns *turns, int64_t timeout_nanos);
/* With the GIL, after every wait: takes note of how long that took to get, and with `calling` prepares a block as
 * pcmio_pump_step does.  What there is to do: PCMIO_TURN_*. */
PCMIO_API uint32_t pcmio_turns_begin(pcmio_turns *turns, uint32_t calling, pcmio_block *block);

/* --- rt/pump_null.c: devices without hardware --------------------------------------------------------------------- */

typedef struct pcmio_null_device pcmio_null_device;

typedef enum { PCMIO_NULL_SINK = 0, PCMIO_NULL_SILENCE, PCMIO_NULL_TONE, PCMIO_NULL_LOOPBACK } pcmio_null_kind;

typedef struct {
  uint32_t kind; /* pcmio_null_kind */
  uint32_t rate;
  uint32_t channels;
  uint32_t format;
  uint32_t period_frames;
  uint32_t sizes_count; /* scripted cycle sizes, taken in turn instead of period_frames; 0: none */
  uint32_t sizes[16];   /* frames, each at most PCMIO_NULL_CYCLE_FRAMES; 0 is a cycle without frames */
  double tone_cosine;   /* of the angle that one frame of the tone advances */
  double tone_sine;
  uint64_t latency_nanos; /* as a real device would report */
  double speed;           /* of its clock: 1.0 keeps step with the monotonic clock, 1.001 is 1000 ppm fast */
} pcmio_null_config;

#define PCMIO_NULL_CYCLE_FRAMES 8192

/* python: setup/null_device.c.  new: NULL when out of memory, or when the config cannot be served. */
PCMIO_API pcmio_null_device *pcmio_null_new(const pcmio_null_config *config);
PCMIO_API void pcmio_null_free(pcmio_null_device *device); /* after halt, and with no pump attached */
/* The pump's native buffers are interleaved and in the device's format; channels that only one of the two has are
 * silent or dropped.  Gives the pump the device's latency.  0, or -1: full, or not such a pump. */
PCMIO_API int32_t pcmio_null_attach(pcmio_null_device *device, pcmio_pump *pump, uint32_t channels);
/* 0, or -1: a cycle did not end within a second, and the pump must not be freed. */
PCMIO_API int32_t pcmio_null_detach(pcmio_null_device *device, pcmio_pump *pump);
/* A thread of the core's cycles the device by the monotonic clock; 0, or -1: no thread, or it runs already.
 * `priority` 0: ordinary; `*denied`: the error number of a refused priority, or 0. */
PCMIO_API int32_t pcmio_null_run(pcmio_null_device *device, int32_t priority, int32_t *denied);
/* The number of its thread while it runs; 0: it does not, or has none. */
PCMIO_API uint64_t pcmio_null_thread(pcmio_null_device *device);
PCMIO_API void pcmio_null_halt(pcmio_null_device *device);
/* Misfortune, from any thread.  skip: the device passes over `frames` frames and reports them lost with its next cycle.
 * stall: its thread sleeps; less than half a second it catches up, what is later it passes over.  tell: leaves a note
 * with every pump. */
PCMIO_API void pcmio_null_skip(pcmio_null_device *device, uint64_t frames);
PCMIO_API void pcmio_null_stall(pcmio_null_device *device, int64_t nanos);
PCMIO_API void pcmio_null_tell(pcmio_null_device *device, uint32_t kind, int32_t code, uint64_t value);
/* audio: one cycle that begins at `instant_nanos`, when the device's thread does not run: with a simulated clock, by
 * hand.  Outputs are heard `latency_nanos` later, inputs were captured as long before. */
PCMIO_API void pcmio_null_cycle(pcmio_null_device *device, uint32_t frames, uint64_t instant_nanos);

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
