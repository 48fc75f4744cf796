/* ALSA's thread: waits for the PCM's descriptors, for time, or for an order of Python's, and has the pump do the rest.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pump.h"
#include "pump_alsa.h"
#include "threads.h"

#define DESCRIPTORS 32u /* of one PCM: a handful in practice */
#define NANOS INT64_C(1000000000)
#define SILENT_NANOS (NANOS / 2) /* a PCM that says nothing for so long is looked at all the same */
#define KIND_BITS 3

/* --- messages ----------------------------------------------------------------------------------------------------- */

void pcmio_alsa_error(const char *file, int32_t line, const char *function, int32_t code, const char *format, ...) {
  char said[PCMIO_MESSAGE_BYTES];
  char text[PCMIO_MESSAGE_BYTES];
  char number[24] = "";
  va_list arguments;
  (void)file;
  (void)line;
  va_start(arguments, format);
  vsnprintf(said, sizeof said, format, arguments); /* NOLINT(clang-analyzer-valist.Uninitialized): it is, just above */
  va_end(arguments);
  if (code != 0) {
    snprintf(number, sizeof number, ": error %d", abs(code));
  }
  snprintf(text, sizeof text, "libasound: %.30s: %.170s%s", function == NULL ? "?" : function, said, number);
  pcmio_message_error(text);
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

#if defined(_WIN32)

/* There is no ALSA there; what remains is that the file compiles. */
static bool open_selfwake(pcmio_alsa_stream *stream) {
  (void)stream;
  return false;
}

static void close_selfwake(pcmio_alsa_stream *stream) { (void)stream; }

void pcmio_alsa_poke(pcmio_alsa_stream *stream) { (void)stream; }

static void serve_once(pcmio_alsa_stream *stream) { (void)stream; }

#else

#include <fcntl.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

static bool open_selfwake(pcmio_alsa_stream *stream) {
  if (pipe(stream->selfwake) != 0) {
    stream->selfwake[0] = stream->selfwake[1] = -1;
    return false;
  }
  for (uint32_t i = 0; i < 2; i++) {
    fcntl(stream->selfwake[i], F_SETFL, O_NONBLOCK);
    fcntl(stream->selfwake[i], F_SETFD, FD_CLOEXEC);
  }
  return true;
}

static void close_selfwake(pcmio_alsa_stream *stream) {
  for (uint32_t i = 0; i < 2; i++) {
    if (stream->selfwake[i] >= 0) {
      close(stream->selfwake[i]);
    }
  }
}

void pcmio_alsa_poke(pcmio_alsa_stream *stream) {
  ssize_t written = write(stream->selfwake[1], "", 1); /* a full pipe wakes as well */
  (void)written;
}

static void empty_selfwake(const pcmio_alsa_stream *stream) {
  char bytes[64];
  while (read(stream->selfwake[0], bytes, sizeof bytes) > 0) {
  }
}

/* Negative: no limit.  Interrupted is as good as woken: everything is asked anew. */
static int wait_for(struct pollfd *descriptors, uint32_t count, int64_t nanos) {
#if defined(__linux__)
  struct timespec left = {.tv_sec = (time_t)(nanos / NANOS), .tv_nsec = (long)(nanos % NANOS)};
  return ppoll(descriptors, count, nanos < 0 ? NULL : &left, NULL);
#else
  /* Rounded up, so that a short wait is not a busy one. */
  int64_t millis = nanos / 1000000 + (nanos % 1000000 != 0);
  return poll(descriptors, count, nanos < 0 ? -1 : millis < 1000000 ? (int)millis : 1000000);
#endif
}

/* The PCM's descriptors, after our own. */
static uint32_t find_descriptors(pcmio_alsa_stream *stream, struct pollfd *descriptors) {
  int32_t count = stream->api.poll_descriptors_count(stream->pcm);
  if (count <= 0 || count > (int32_t)DESCRIPTORS) {
    return 0;
  }
  count = stream->api.poll_descriptors(stream->pcm, descriptors, (uint32_t)count);
  return count < 0 ? 0 : (uint32_t)count;
}

static bool any(const struct pollfd *descriptors, uint32_t count, short events) {
  for (uint32_t i = 0; i < count; i++) {
    if ((descriptors[i].revents & events) != 0) {
      return true;
    }
  }
  return false;
}

static void serve_moving(pcmio_alsa_stream *stream, struct pollfd *all) {
  int64_t patience = (int64_t)stream->nap_nanos;
  uint32_t count = 0;
  if (patience == 0) {
    count = find_descriptors(stream, all + 1);
    patience = SILENT_NANOS;
  }
  int woken = wait_for(all, count + 1, patience);
  if (woken > 0 && all[0].revents != 0) {
    empty_selfwake(stream);
  }
  unsigned short events = 0;
  bool named = woken > 0 && any(all + 1, count, (short)~0);
  /* Plugins mean something else by their descriptors' events, and some want to be asked to rearm them. */
  if (named && stream->api.poll_descriptors_revents(stream->pcm, all + 1, count, &events) < 0) {
    events = 0;
  }
  pcmio_alsa_cycle(stream, named && (events & POLLNVAL) != 0);
}

/* Nothing moves: what may come is an order, or the end of the device.  Descriptors that complain all the time, as a
 * suspended device's do, are not watched for a while. */
static void serve_still(pcmio_alsa_stream *stream, struct pollfd *all) {
  uint32_t count = stream->phase == PCMIO_ALSA_LOST || stream->useless != 0 ? 0 : find_descriptors(stream, all + 1);
  for (uint32_t i = 1; i <= count; i++) {
    all[i].events = 0;
  }
  int woken = wait_for(all, count + 1, stream->phase == PCMIO_ALSA_LOST ? -1 : SILENT_NANOS);
  if (woken > 0 && all[0].revents != 0) {
    empty_selfwake(stream);
  }
  if (stream->phase != PCMIO_ALSA_LOST) {
    stream->useless = woken > 0 && any(all + 1, count, POLLERR | POLLHUP) ? 1 : 0;
    pcmio_alsa_look(stream, woken > 0 && any(all + 1, count, POLLNVAL));
  }
}

static void serve_once(pcmio_alsa_stream *stream) {
  struct pollfd all[DESCRIPTORS + 1] = {{.fd = stream->selfwake[0], .events = POLLIN}};
  if (stream->phase == PCMIO_ALSA_MOVING || stream->phase == PCMIO_ALSA_FINISHING) {
    serve_moving(stream, all);
  } else {
    serve_still(stream, all);
  }
}

#endif

/* --- the thread --------------------------------------------------------------------------------------------------- */

static int32_t carry_out(pcmio_alsa_stream *stream, uint32_t kind) {
  switch (kind) {
  case PCMIO_ALSA_START:
    return pcmio_alsa_start(stream);
  case PCMIO_ALSA_PAUSE:
    return pcmio_alsa_pause(stream);
  case PCMIO_ALSA_DISCARD:
    return pcmio_alsa_discard(stream);
  case PCMIO_ALSA_DRAIN:
    return pcmio_alsa_drain(stream);
  default:
    return stream->api.close(stream->pcm);
  }
}

static void run(void *argument) {
  pcmio_alsa_stream *stream = argument;
  if (stream->config.niceness != 0) {
    pcmio_thread_nice(stream->config.niceness); /* ordinary, and ahead of others: nobody was promised that */
  }
  atomic_store(&stream->number, pcmio_thread_number());
  pcmio_wakeup_post(stream->wakeup);
  for (uint32_t kind = 0; kind != PCMIO_ALSA_CLOSE;) {
    uint32_t order = atomic_load(&stream->wanted);
    if (order == atomic_load(&stream->answered)) {
      serve_once(stream);
      continue;
    }
    kind = order & ((1u << KIND_BITS) - 1);
    atomic_store(&stream->answer, carry_out(stream, kind));
    atomic_store(&stream->answered, order);
    pcmio_wakeup_post(stream->wakeup);
  }
}

/* --- from Python -------------------------------------------------------------------------------------------------- */

static bool is_valid(const pcmio_alsa_config *config, const pcmio_pump *pump) {
  const pcmio_half *half = config->output != 0 ? &pump->out : &pump->in;
  bool sized = config->period_frames != 0 && config->buffer_frames >= config->period_frames && config->rate != 0;
  bool agreed = half->device_channels == config->channels && half->native_bytes == config->sample_bytes &&
                half->planar == (config->planar != 0);
  bool room = config->planar == 0 || config->channels <= PCMIO_ALSA_CHANNELS;
  bool extended =
      config->sign_byte == 0 || (config->sign_byte <= 2 && config->mapped == 0 && config->sample_bytes == 4);
  return sized && agreed && room && extended && config->channels != 0;
}

static void release(pcmio_alsa_stream *stream) {
  close_selfwake(stream);
  free(stream->status);
  free(stream->staging);
  free(stream);
}

pcmio_alsa_stream *pcmio_alsa_new(const pcmio_alsa_api *api, const pcmio_alsa_config *config, void *pcm,
                                  pcmio_pump *pump, pcmio_wakeup *wakeup) {
  pcmio_alsa_stream *stream = is_valid(config, pump) ? calloc(1, sizeof *stream) : NULL;
  if (stream == NULL) {
    return NULL;
  }
  stream->api = *api;
  stream->config = *config;
  stream->pcm = pcm;
  stream->pump = pump;
  stream->wakeup = wakeup;
  stream->status = calloc(1, config->status_bytes + 1);
  stream->staging = calloc((size_t)config->buffer_frames * config->channels, config->sample_bytes);
  bool ready = open_selfwake(stream) && stream->status != NULL && stream->staging != NULL;
  stream->thread = ready ? pcmio_thread_start(run, stream) : NULL;
  if (stream->thread == NULL) {
    release(stream);
    return NULL;
  }
  return stream;
}

uint64_t pcmio_alsa_thread(const pcmio_alsa_stream *stream) { return atomic_load(&stream->number); }

uint32_t pcmio_alsa_order(pcmio_alsa_stream *stream, uint32_t kind) {
  uint32_t number = (atomic_load(&stream->wanted) >> KIND_BITS) + 1;
  uint32_t order = number << KIND_BITS | kind;
  atomic_store(&stream->wanted, order);
  pcmio_alsa_poke(stream);
  return order;
}

uint32_t pcmio_alsa_answered(const pcmio_alsa_stream *stream) { return atomic_load(&stream->answered); }

int32_t pcmio_alsa_answer(const pcmio_alsa_stream *stream) { return atomic_load(&stream->answer); }

uint32_t pcmio_alsa_owing(const pcmio_alsa_stream *stream) {
  return atomic_load_explicit(&stream->owing, memory_order_acquire);
}

void pcmio_alsa_free(pcmio_alsa_stream *stream) {
  pcmio_thread_join(stream->thread);
  release(stream);
}
