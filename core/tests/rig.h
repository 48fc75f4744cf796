/* A pump on a bench: its memory, a clock that is moved by hand, and a count of how often it woke. */
#ifndef PCMIO_RIG_H
#define PCMIO_RIG_H

#include <stdatomic.h>

#include "check.h"
#include "pcmio.h"

#define RIG_RATE 48000u
#define RIG_START_NANOS 1000000000u
#define RIG_MOST_FRAMES 4096u

typedef struct {
  pcmio_pump_config config;
  pcmio_pump *pump;
  _Atomic uint64_t now;
  _Atomic uint32_t wakes;
} rig;

static inline void rig_count_wake(void *argument) {
  rig *bench = argument;
  atomic_fetch_add(&bench->wakes, 1);
}

/* 48 kHz, 4 slots of 32 frames, one wake-up for each, 32-bit integers on both sides; no channels. */
static inline pcmio_pump_config rig_config(rig *bench) {
  return (pcmio_pump_config){
      .rate = RIG_RATE,
      .slot_frames = 32,
      .slots = 4,
      .wake_slots = 1,
      .out_format = PCMIO_I32,
      .out_native_format = PCMIO_I32,
      .in_format = PCMIO_I32,
      .in_native_format = PCMIO_I32,
      .wake = rig_count_wake,
      .wake_argument = bench,
      .clock_cell = (const uint64_t *)&bench->now, /* a plain cell for whoever only writes it */
  };
}

static inline void rig_open(rig *bench, const pcmio_pump_config *config) {
  size_t frames = (size_t)config->slots * config->slot_frames;
  bench->config = *config;
  bench->config.out_data = calloc(frames * config->out_channels + 1, pcmio_format_bytes(config->out_format));
  bench->config.in_data = calloc(frames * config->in_channels + 1, pcmio_format_bytes(config->in_format));
  bench->now = RIG_START_NANOS;
  atomic_store(&bench->wakes, 0);
  bench->pump = pcmio_pump_new(&bench->config);
  CHECK(bench->pump != NULL);
}

static inline void rig_open_mono(rig *bench, uint32_t out_channels, uint32_t in_channels) {
  pcmio_pump_config config = rig_config(bench);
  config.out_channels = out_channels;
  config.in_channels = in_channels;
  rig_open(bench, &config);
}

static inline void rig_close(rig *bench) {
  pcmio_pump_free(bench->pump);
  free(bench->config.out_data);
  free(bench->config.in_data);
}

/* The first sample of a block, where formats are 32-bit integers and channels one. */
static inline int32_t *rig_out_slot(const rig *bench, const pcmio_block *block) {
  return (int32_t *)bench->config.out_data + (size_t)block->output_slot * bench->config.slot_frames;
}

static inline const int32_t *rig_in_slot(const rig *bench, const pcmio_block *block) {
  return (const int32_t *)bench->config.in_data + (size_t)block->input_slot * bench->config.slot_frames;
}

/* Fills what is free with numbers that go on from `next`; returns the number after the last. */
static inline int32_t rig_fill(rig *bench, int32_t next) {
  pcmio_block block;
  for (int32_t ready = pcmio_pump_step(bench->pump, 0, &block); ready;
       ready = pcmio_pump_step(bench->pump, 1, &block)) {
    for (uint32_t i = 0; i < bench->config.slot_frames; i++) {
      rig_out_slot(bench, &block)[i] = next++;
    }
  }
  return next;
}

/* Hands one block over; false: there is no room. */
static inline bool rig_put_block(rig *bench, int32_t first) {
  pcmio_block block;
  if (!pcmio_pump_step(bench->pump, 0, &block)) {
    return false;
  }
  for (uint32_t i = 0; i < bench->config.slot_frames; i++) {
    rig_out_slot(bench, &block)[i] = first + (int32_t)i;
  }
  pcmio_pump_step(bench->pump, 1, &block);
  return true;
}

/* One cycle at the present moment, which then moves on; outputs are heard 1 ms later. */
static inline void rig_play(rig *bench, int32_t *samples, uint32_t frames) {
  void *outputs[1] = {samples};
  CHECK(frames <= RIG_MOST_FRAMES);
  pcmio_pump_transfer(bench->pump, NULL, outputs, frames, bench->now, bench->now + 1000000);
  bench->now += (uint64_t)frames * 1000000000 / RIG_RATE;
}

/* The same with numbers that go on from `first`. */
static inline void rig_capture(rig *bench, int32_t first, uint32_t frames) {
  static _Thread_local int32_t samples[RIG_MOST_FRAMES];
  const void *inputs[1] = {samples};
  CHECK(frames <= RIG_MOST_FRAMES);
  for (uint32_t i = 0; i < frames; i++) {
    samples[i] = first + (int32_t)i;
  }
  pcmio_pump_transfer(bench->pump, inputs, NULL, frames, bench->now, bench->now);
  bench->now += (uint64_t)frames * 1000000000 / RIG_RATE;
}

static inline pcmio_stats rig_stats(const rig *bench) {
  pcmio_stats stats;
  pcmio_pump_stats(bench->pump, &stats);
  return stats;
}

#endif
