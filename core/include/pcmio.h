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

/* Raised whenever a prototype or a struct of these files changes; the Python side refuses another number. */
#define PCMIO_ABI 9
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
  uint64_t xrun_frames; /* silence that was played for want of frames, or in place of some that came too late */
  uint64_t gap_frames;  /* of these: silence for which no frame was taken from the ring */
  uint32_t filled;      /* frames in the ring */
  uint32_t reserved;
} pcmio_outlook;

/* python: what becomes of the next frame of an output. */
PCMIO_API void pcmio_pump_outlook(const pcmio_pump *pump, pcmio_outlook *outlook);

/* --- rt/through.c: a duplex stream whose callback is native --------------------------------------------------------
 */

/* Where an input and an output stood when a block of input came. */
typedef struct {
  int64_t offset_nanos; /* from the capture of its first frame to when the next frame of the output will be heard */
  int64_t lead;         /* frames that the output got, and silence it played between them, less the input's that were
                           taken */
  uint64_t frames;      /* captured since the last sight */
  uint32_t filled;      /* frames in the output's ring */
  uint32_t flags;       /* PCMIO_SIGHT_... */
} pcmio_sight;

#define PCMIO_SIGHT_KNOWN 1u     /* the offset is */
#define PCMIO_SIGHT_DISTURBED 2u /* frames were lost since the last sight, */
#define PCMIO_SIGHT_OVERRUN 4u   /* or had no room in the output's ring */

#define PCMIO_SIGHTS 64u        /* a power of two; who does not look loses the newest */
#define PCMIO_SIGHTS_TO_SEE 16u /* so many wake whoever looks; fewer while the two are not paired yet */

/* Zeroed and filled in by Python, which keeps it longer than both pumps; `slot_frames` of both are the same. */
typedef struct {
  pcmio_pump *input; /* whose callback is pcmio_through_take, and this its user */
  pcmio_pump *output;
  pcmio_native_duplex_callback callback;
  void *user;
  void *played; /* a block in the output's format, */
  const void *silence;
  uint64_t enough; /* frames that the output's ring needs once a block was taken, before the two are paired */

  uint64_t paired;       /* whoever looks: whether the callback is called; */
  int64_t goal;          /* what the lead has to be then, */
  uint64_t slipped;      /* frames that this was wrong by, and that are lost now; */
  int64_t latency_nanos; /* from capture to hearing */

  int64_t lead; /* the input's audio thread */
  uint64_t missed;
  uint64_t counted; /* of the output's xruns; `missed`: of its gaps */
  uint64_t position;
  uint64_t lost_input;
  uint64_t lost_output;
  uint64_t frames;
  uint64_t flags;
  uint64_t began; /* since the last pcmio_through_begin they were brought together */

  uint64_t written; /* sights ever */
  uint64_t read;
  pcmio_sight sights[PCMIO_SIGHTS];
} pcmio_through;

/* audio: the pcmio_native_callback of the input's pump. */
PCMIO_API int32_t pcmio_through_take(void *through, const pcmio_native_block *block, void *captured);
/* python, while both pumps are idle and settled: they are not paired any more; the output's ring gets silence up to
 * `prefill` frames. */
PCMIO_API void pcmio_through_begin(pcmio_through *through, uint32_t prefill);
/* python, one thread.  sight: takes the oldest; 1, or 0: there is none.  aim: they are paired, see above. */
PCMIO_API int32_t pcmio_through_sight(pcmio_through *through, pcmio_sight *sight);
PCMIO_API void pcmio_through_aim(pcmio_through *through, int64_t goal, uint64_t slipped, int64_t latency_nanos);

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

#endif
