/* The life of a device without hardware, and the thread that is its crystal: cycles are due at instants counted in
 * frames from the start, so that lateness never adds up. */
#include <stdlib.h>

#include "clock.h"
#include "pump.h"
#include "pump_null.h"
#include "threads.h"

#define MILLISECOND UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)
#define WAIT_STEP_NANOS 50000          /* until another Python thread or a cycle is through */
#define NAP_NANOS (20 * MILLISECOND)   /* a thread that sleeps longer looks whether it is to end */
#define LATE_NANOS (500 * MILLISECOND) /* beyond this a device does not catch up */

static void lock(pcmio_null_device *device) {
  while (atomic_exchange_explicit(&device->changing, 1, memory_order_acquire) != 0) {
    pcmio_sleep_nanos(WAIT_STEP_NANOS);
  }
}

static void unlock(pcmio_null_device *device) { atomic_store_explicit(&device->changing, 0, memory_order_release); }

/* --- new and free ------------------------------------------------------------------------------------------------- */

static bool sizes_are_valid(const pcmio_null_config *config) {
  uint32_t sum = 0;
  if (config->sizes_count > sizeof config->sizes / sizeof config->sizes[0]) {
    return false;
  }
  for (uint32_t i = 0; i < config->sizes_count; i++) {
    if (config->sizes[i] > PCMIO_NULL_CYCLE_FRAMES) {
      return false;
    }
    sum += config->sizes[i];
  }
  /* Cycles that are all empty take no time: they would never end. */
  return config->sizes_count == 0 ? config->period_frames - 1 < PCMIO_NULL_CYCLE_FRAMES : sum != 0;
}

static bool is_valid(const pcmio_null_config *config) {
  bool known = config->kind <= PCMIO_NULL_LOOPBACK && pcmio_can_convert(config->format, config->format);
  bool audible = config->kind != PCMIO_NULL_TONE || pcmio_can_convert(config->format, PCMIO_F64);
  bool sized = config->channels - 1 < PCMIO_NULL_CHANNELS && config->rate != 0 && sizes_are_valid(config);
  bool paced = config->speed >= 0.5 && config->speed <= 2.0;
  return known && audible && sized && paced;
}

pcmio_null_device *pcmio_null_new(const pcmio_null_config *config) {
  if (!is_valid(config)) {
    return NULL;
  }
  pcmio_null_device *device = calloc(1, sizeof *device);
  if (device == NULL) {
    return NULL;
  }
  size_t samples = (size_t)PCMIO_NULL_CYCLE_FRAMES * config->channels;
  device->config = *config;
  device->sample_bytes = pcmio_format_bytes(config->format);
  device->mixable = pcmio_can_convert(config->format, PCMIO_F64);
  device->bus = calloc(samples, device->sample_bytes);
  device->stream = calloc((size_t)PCMIO_NULL_CYCLE_FRAMES * PCMIO_NULL_CHANNELS, device->sample_bytes);
  device->mix = calloc(samples, sizeof *device->mix);
  device->added = calloc(samples, sizeof *device->added);
  device->tone_x = 1.0;
  if (device->bus == NULL || device->stream == NULL || device->mix == NULL || device->added == NULL) {
    pcmio_null_free(device);
    return NULL;
  }
  return device;
}

void pcmio_null_free(pcmio_null_device *device) {
  if (device != NULL) {
    free(device->bus);
    free(device->stream);
    free(device->mix);
    free(device->added);
    free(device);
  }
}

/* --- streams ------------------------------------------------------------------------------------------------------ */

static bool fits(const pcmio_null_device *device, const pcmio_half *half, uint32_t channels) {
  return half->channels == 0 ||
         (half->device_channels == channels && half->native_format == device->config.format && !half->planar);
}

int32_t pcmio_null_attach(pcmio_null_device *device, pcmio_pump *pump, uint32_t channels) {
  if (channels > PCMIO_NULL_CHANNELS || !fits(device, &pump->out, channels) || !fits(device, &pump->in, channels)) {
    return -1;
  }
  pcmio_null_stream *stream = malloc(sizeof *stream);
  if (stream == NULL) {
    return -1;
  }
  *stream = (pcmio_null_stream){pump, pump->out.device_channels, pump->in.device_channels};
  pcmio_pump_set_latency(pump, device->config.latency_nanos, device->config.latency_nanos);
  lock(device);
  bool added = pcmio_roster_add(&device->streams, stream);
  unlock(device);
  if (!added) {
    free(stream);
    return -1;
  }
  return 0;
}

static pcmio_null_stream *take(pcmio_null_device *device, const pcmio_pump *pump) {
  for (uint32_t i = 0; i < PCMIO_ROSTER; i++) {
    pcmio_null_stream *stream = pcmio_roster_entry(&device->streams, i);
    if (stream != NULL && stream->pump == pump) {
      pcmio_roster_remove(&device->streams, stream);
      return stream;
    }
  }
  return NULL;
}

int32_t pcmio_null_detach(pcmio_null_device *device, pcmio_pump *pump) {
  lock(device);
  pcmio_null_stream *stream = take(device, pump);
  unlock(device);
  uint64_t begin = pcmio_clock_nanos();
  while (!pcmio_roster_quiet(&device->streams)) {
    if (pcmio_clock_nanos() - begin > SECOND) {
      return -1; /* whoever hangs in there may yet look at the stream: it is not freed */
    }
    pcmio_sleep_nanos(WAIT_STEP_NANOS);
  }
  free(stream);
  return 0;
}

/* --- the thread --------------------------------------------------------------------------------------------------- */

static bool is_halting(pcmio_null_device *device) {
  return atomic_load_explicit(&device->halting, memory_order_acquire) != 0;
}

/* False: the thread is to end. */
static bool sleep_until(pcmio_null_device *device, uint64_t due) {
  uint64_t now = pcmio_clock_nanos();
  while (now < due && !is_halting(device)) {
    pcmio_sleep_until(due - now > NAP_NANOS ? now + NAP_NANOS : due);
    now = pcmio_clock_nanos();
  }
  return !is_halting(device);
}

/* How long so many frames last by the device's own clock.  Doubles are exact to a nanosecond for a hundred days. */
static uint64_t lasting(const pcmio_null_device *device, uint64_t frames) {
  uint64_t nanos = pcmio_frames_nanos(frames, device->config.rate);
  return device->config.speed == 1.0 ? nanos : (uint64_t)((double)nanos / device->config.speed + 0.5);
}

static uint64_t frames_in(uint64_t nanos, uint32_t rate) {
  return nanos / SECOND * rate + nanos % SECOND * rate / SECOND;
}

static uint32_t next_size(pcmio_null_device *device) {
  if (device->config.sizes_count == 0) {
    return device->config.period_frames;
  }
  uint32_t size = device->config.sizes[device->next_size];
  device->next_size = (device->next_size + 1) % device->config.sizes_count;
  return size;
}

static void run(void *argument) {
  pcmio_null_device *device = argument;
  uint32_t rate = device->config.rate;
  atomic_store(&device->number, pcmio_thread_number());
  int32_t denied = device->priority == 0 ? 0 : pcmio_thread_promote(device->priority);
  atomic_store_explicit(&device->denied, denied, memory_order_release);
  uint64_t start = pcmio_clock_nanos();
  uint64_t frames = 0;
  for (;;) {
    int64_t stall = atomic_exchange_explicit(&device->stall_nanos, 0, memory_order_relaxed);
    uint64_t lost = pcmio_null_take_skip(device);
    uint64_t due = start + lasting(device, frames + lost);
    uint64_t wake = stall > 0 ? pcmio_clock_nanos() + (uint64_t)stall : due;
    if (!sleep_until(device, wake > due ? wake : due)) {
      return;
    }
    uint64_t now = pcmio_clock_nanos();
    if (now - due > LATE_NANOS) {
      lost += frames_in(now - due, rate);
      due = start + lasting(device, frames + lost);
    }
    uint32_t size = next_size(device);
    pcmio_null_cycle_after(device, lost, size, due);
    frames += lost + size;
  }
}

int32_t pcmio_null_run(pcmio_null_device *device, int32_t priority, int32_t *denied) {
  bool started = false;
  lock(device);
  if (device->thread == NULL) {
    device->priority = priority;
    atomic_store(&device->halting, 0);
    atomic_store(&device->denied, -1);
    device->thread = pcmio_thread_start(run, device);
    started = device->thread != NULL;
  }
  unlock(device);
  if (!started) {
    return -1;
  }
  int32_t outcome = -1;
  while ((outcome = atomic_load_explicit(&device->denied, memory_order_acquire)) < 0) {
    pcmio_sleep_nanos(WAIT_STEP_NANOS);
  }
  *denied = outcome;
  return 0;
}

void pcmio_null_halt(pcmio_null_device *device) {
  lock(device);
  if (device->thread != NULL) {
    atomic_store_explicit(&device->halting, 1, memory_order_release);
    pcmio_thread_join(device->thread);
    device->thread = NULL;
    atomic_store(&device->number, 0);
  }
  unlock(device);
}

uint64_t pcmio_null_thread(pcmio_null_device *device) { return atomic_load(&device->number); }
