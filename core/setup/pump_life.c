/* Pumps are made, emptied and freed by Python; everything else about them is in rt/pump.c. */
#include <stdlib.h>
#include <string.h>

#include "pump.h"

#define WAIT_STEP_NANOS 50000
#define LEAST_STEP_NANOS 10000000

static bool open_half(pcmio_half *half, uint32_t channels, uint32_t format, uint32_t native_format, uint32_t planar,
                      const pcmio_pump_config *config, void *data, bool to_native) {
  if (channels == 0) {
    return true;
  }
  bool convertible = to_native ? pcmio_can_convert(native_format, format) : pcmio_can_convert(format, native_format);
  if (!convertible || data == NULL) {
    return false;
  }
  half->channels = half->device_channels = channels;
  half->format = format;
  half->native_format = native_format;
  half->sample_bytes = pcmio_format_bytes(format);
  half->native_bytes = pcmio_format_bytes(native_format);
  half->planar = planar != 0;
  half->ring.data = data;
  half->ring.frame_bytes = half->sample_bytes * channels;
  half->ring.slot_frames = config->slot_frames;
  half->ring.slots = config->slots;
  half->ring.capacity = config->slot_frames * config->slots;
  return true;
}

/* Output: by the device's channels, each of which plays one at most.  Input: by the user's. */
static bool open_route(pcmio_half *half, const uint32_t *chosen, uint32_t device_channels, bool to_native) {
  if (half->channels == 0 || chosen == NULL) {
    return true;
  }
  uint32_t length = to_native ? device_channels : half->channels;
  half->device_channels = device_channels;
  half->route = malloc(((size_t)length + 1) * sizeof *half->route);
  if (half->route == NULL) {
    return false;
  }
  for (uint32_t channel = 0; channel < length; channel++) {
    half->route[channel] = PCMIO_NO_CHANNEL;
  }
  for (uint32_t channel = 0; channel < half->channels; channel++) {
    if (chosen[channel] >= device_channels) {
      return false;
    }
    uint32_t *place = &half->route[to_native ? chosen[channel] : channel];
    if (*place != PCMIO_NO_CHANNEL) {
      return false;
    }
    *place = to_native ? channel : chosen[channel];
  }
  return true;
}

static void *aligned(size_t bytes) {
  /* Over-aligned members (cache lines of their own) need more than malloc promises; C11's aligned_alloc is missing on
   * Windows, so the block's true start is kept just before it. */
  size_t alignment = 64;
  void *block = malloc(bytes + alignment + sizeof(void *));
  if (block == NULL) {
    return NULL;
  }
  uintptr_t at = ((uintptr_t)block + sizeof(void *) + alignment - 1) & ~(uintptr_t)(alignment - 1);
  ((void **)at)[-1] = block;
  return memset((void *)at, 0, bytes);
}

/* A threshold above the ring's capacity would never be reached, and 0 would wake for nothing. */
static uint32_t wake_frames(const pcmio_pump_config *config) {
  uint32_t slots = config->in_channels != 0 || config->wake_slots == 0 ? 1 : config->wake_slots;
  return (slots < config->slots ? slots : config->slots) * config->slot_frames;
}

/* Whoever takes a block from a deep ring can still ask when it was captured. */
static uint64_t step_nanos(const pcmio_pump_config *config) {
  uint64_t quarter = pcmio_frames_nanos(config->slots * (uint64_t)config->slot_frames, config->rate) * 4;
  uint64_t step = quarter / PCMIO_TIMELINE_MARKS;
  return step > LEAST_STEP_NANOS ? step : LEAST_STEP_NANOS;
}

pcmio_pump *pcmio_pump_new(const pcmio_pump_config *config) {
  uint64_t capacity = (uint64_t)config->slot_frames * config->slots;
  bool clocked = config->clock != NULL ? config->clock_nanos != 0 : config->clock_cell != NULL;
  bool directed = config->out_channels != 0 || config->in_channels != 0;
  bool twofold = config->out_channels != 0 && config->in_channels != 0;
  if (capacity == 0 || capacity > UINT32_MAX || config->rate == 0 || config->wake == NULL || !clocked || !directed ||
      (config->callback != NULL && twofold)) {
    return NULL;
  }
  pcmio_pump *pump = aligned(sizeof *pump);
  if (pump == NULL) {
    return NULL;
  }
  pump->rate = config->rate;
  pump->calm_wake_frames = wake_frames(config);
  atomic_init(&pump->wake_frames, pump->calm_wake_frames);
  pump->wake = config->wake;
  pump->wake_argument = config->wake_argument;
  pump->clock = config->clock;
  pump->clock_nanos = config->clock_nanos;
  pump->callback = config->callback;
  pump->callback_user = config->callback_user;
  pump->clock_cell = (const _Atomic uint64_t *)config->clock_cell; /* as large, and as aligned, everywhere */
  pump->out.line.step_nanos = pump->in.line.step_nanos = step_nanos(config);
  pump->slot_nanos = calloc(config->slots, sizeof *pump->slot_nanos);
  pump->slot_lost = calloc(config->slots, sizeof *pump->slot_lost);
  atomic_init(&pump->out.low_water, PCMIO_NO_CYCLE);
  atomic_init(&pump->in.low_water, PCMIO_NO_CYCLE);
  pcmio_pump_set_gain(pump, 1.0);
  pcmio_gain_begin(&pump->out.gain);
  pcmio_gain_begin(&pump->in.gain);
  pcmio_notes_init(&pump->notes);
  if (pump->slot_nanos == NULL || pump->slot_lost == NULL ||
      !open_half(&pump->out, config->out_channels, config->out_format, config->out_native_format, config->out_planar,
                 config, config->out_data, true) ||
      !open_half(&pump->in, config->in_channels, config->in_format, config->in_native_format, config->in_planar, config,
                 config->in_data, false) ||
      !open_route(&pump->out, config->out_chosen, config->out_device_channels, true) ||
      !open_route(&pump->in, config->in_chosen, config->in_device_channels, false)) {
    pcmio_pump_free(pump);
    return NULL;
  }
  return pump;
}

void pcmio_pump_free(pcmio_pump *pump) {
  if (pump != NULL) {
    free(pump->slot_nanos);
    free(pump->slot_lost);
    free(pump->out.route);
    free(pump->in.route);
    free(((void **)(uintptr_t)pump)[-1]);
  }
}

int32_t pcmio_pump_settle(pcmio_pump *pump, int64_t timeout_nanos) {
  uint64_t begin = pcmio_clock_nanos();
  while (atomic_load(&pump->inside) != 0) {
    if (timeout_nanos <= 0 || pcmio_clock_nanos() - begin >= (uint64_t)timeout_nanos) {
      return -1;
    }
    pcmio_sleep_nanos(WAIT_STEP_NANOS);
  }
  return 0;
}

/* Nobody is inside. */
static void clear(pcmio_half *half, const _Atomic uint64_t *exchanged) {
  uint64_t before = atomic_load_explicit(exchanged, memory_order_relaxed);
  pcmio_ring_clear(&half->ring);
  pcmio_timeline_skip(&half->line, before, atomic_load_explicit(exchanged, memory_order_relaxed));
}

void pcmio_pump_reset(pcmio_pump *pump) {
  if (pump->out.channels != 0) {
    clear(&pump->out, &pump->out.ring.written);
    pump->told_out = pump->tell_out = atomic_load_explicit(&pump->out.xrun_frames, memory_order_relaxed);
    pump->out.short_of_frames = false;
  }
  if (pump->in.channels != 0) {
    clear(&pump->in, &pump->in.ring.read);
    atomic_store_explicit(&pump->in.system_lost, 0, memory_order_relaxed);
    pump->lost = 0;
    pump->in.short_of_frames = false;
  }
}

void pcmio_pump_flush_input(pcmio_pump *pump) {
  pcmio_ring *ring = &pump->in.ring;
  if (pump->in.channels == 0) {
    return;
  }
  uint64_t written = atomic_load_explicit(&ring->written, memory_order_acquire);
  for (uint64_t at = atomic_load_explicit(&ring->read, memory_order_relaxed); at < written; at += ring->slot_frames) {
    pump->lost += pump->slot_lost[at / ring->slot_frames % ring->slots];
  }
  clear(&pump->in, &ring->read);
  pump->in.short_of_frames = false;
}
