/* PipeWire's process callback with a stand-in for libpipewire: what null sinks cannot show. */
#include <string.h>

#include "../rt/pump_pipewire.h"
#include "rig.h"

#define CYCLE 64u
#define CYCLE_NANOS UINT64_C(1333333) /* 64 frames at 48 kHz, to the nearest */

typedef struct {
  rig bench;
  pcmio_pipewire_connection connection;
  pcmio_pipewire_stream stream;
  pcmio_pw_clock clock;
  pcmio_pw_time time;
  int32_t samples[1024];
  pcmio_pw_chunk chunk;
  pcmio_pw_data data;
  pcmio_pw_memory memory;
  pcmio_pw_buffer buffer;
  uint32_t free_buffers;
  uint32_t queued;
  int32_t denied;
} station;

static station *at; /* libpipewire's functions are given nothing of ours */

static int32_t get_time_n(void *native, void *time, size_t bytes) {
  (void)native;
  CHECK_EQUAL(bytes, 64);
  memcpy(time, &at->time, sizeof at->time);
  return 0;
}

static int32_t get_time(void *native, void *time) {
  (void)native;
  memcpy(time, &at->time, PCMIO_PW_OLD_TIME_BYTES);
  return 0;
}

static void *dequeue(void *native) {
  (void)native;
  if (at->free_buffers == 0) {
    return NULL;
  }
  at->free_buffers--;
  return &at->buffer;
}

static int32_t queue(void *native, void *buffer) {
  (void)native;
  CHECK(buffer == &at->buffer);
  at->queued++;
  return 0;
}

static int32_t denied(void) { return at->denied; }

static void open_station(station *one, uint32_t outputs, uint32_t inputs) {
  memset(one, 0, sizeof *one);
  at = one;
  rig_open_mono(&one->bench, outputs, inputs);
  one->connection.api = (pcmio_pipewire_api){
      .stream_get_time_n = get_time_n, .stream_dequeue_buffer = dequeue, .stream_queue_buffer = queue};
  one->stream.connection = &one->connection;
  one->stream.pump = one->bench.pump;
  one->stream.denied = denied;
  one->stream.output = outputs;
  one->stream.rate = RIG_RATE;
  one->stream.frame_bytes = sizeof(int32_t);
  one->clock = (pcmio_pw_clock){.id = 7, .rate_num = 1, .rate_denom = RIG_RATE, .duration = CYCLE};
  atomic_store(&one->stream.clock, &one->clock);
  one->time = (pcmio_pw_time){.now = RIG_START_NANOS, .rate_num = 1, .rate_denom = RIG_RATE};
  one->data = (pcmio_pw_data){.max_bytes = sizeof one->samples, .memory = one->samples, .chunk = &one->chunk};
  one->memory = (pcmio_pw_memory){.datas_count = 1, .datas = &one->data};
  one->buffer = (pcmio_pw_buffer){.buffer = &one->memory, .requested = CYCLE};
  pcmio_pump_set_mode(one->bench.pump, PCMIO_RUNNING);
}

/* The callback, then on to the next cycle. */
static void run(station *one) {
  one->free_buffers = 1;
  pcmio_pipewire_process(&one->stream);
  CHECK_EQUAL(atomic_load(&one->stream.inside), 0);
  one->clock.position += one->clock.duration;
  one->bench.now += CYCLE_NANOS;
  one->time.now += (int64_t)CYCLE_NANOS;
}

static void a_buffer_gets_what_is_requested_and_no_more_than_it_holds(void) {
  station one;
  open_station(&one, 1, 0);
  rig_fill(&one.bench, 1);
  one.buffer.requested = 24;
  run(&one);
  CHECK_EQUAL(one.buffer.size, 24);
  CHECK_EQUAL(one.chunk.size, 24 * 4);
  CHECK_EQUAL(one.chunk.stride, 4);
  CHECK_EQUAL(one.samples[23], 24);
  CHECK_EQUAL(one.samples[24], 0);
  one.buffer.requested = 0; /* it does not say: as much as there is room */
  one.data.max_bytes = 40 * 4 + 3;
  run(&one);
  CHECK_EQUAL(one.chunk.size, 40 * 4);
  CHECK_EQUAL(one.samples[39], 64);
  one.data.memory = NULL; /* not mapped */
  run(&one);
  CHECK_EQUAL(one.chunk.size, 0);
  CHECK_EQUAL(one.queued, 3);
  CHECK_EQUAL(pcmio_pump_position(one.bench.pump), 64);
  rig_close(&one.bench);
}

static void a_cycle_without_a_buffer_leaves_the_ring_alone(void) {
  station one;
  open_station(&one, 1, 0);
  rig_fill(&one.bench, 1);
  pcmio_pipewire_process(&one.stream);
  CHECK_EQUAL(one.queued, 0);
  CHECK_EQUAL(pcmio_pump_position(one.bench.pump), 0);
  rig_close(&one.bench);
}

static void frames_are_heard_after_the_delays_of_device_and_resampler(void) {
  station one;
  open_station(&one, 1, 0);
  rig_fill(&one.bench, 1);
  one.time.delay = 480;    /* 10 ms */
  one.time.buffered = 240; /* 5 ms */
  one.buffer.requested = 32;
  one.free_buffers = 2;
  pcmio_pipewire_process(&one.stream);
  CHECK_EQUAL(pcmio_pump_latency(one.bench.pump), 15000000);
  CHECK_EQUAL(atomic_load(&one.stream.heard_nanos), RIG_START_NANOS + 15000000 + 666667);
  pcmio_pipewire_process(&one.stream); /* the resampler wants more in the same cycle */
  CHECK_EQUAL(pcmio_pump_latency(one.bench.pump), 15666667);
  CHECK_EQUAL(atomic_load(&one.stream.heard_nanos), RIG_START_NANOS + 15666667 + 666667);
  CHECK_EQUAL(rig_stats(&one.bench).xruns, 0);
  rig_close(&one.bench);
}

static void an_old_library_tells_the_time_too(void) {
  station one;
  open_station(&one, 1, 0);
  one.connection.api.stream_get_time_n = NULL;
  one.connection.api.stream_get_time = get_time;
  one.time.delay = 48;
  run(&one);
  CHECK_EQUAL(pcmio_pump_latency(one.bench.pump), 1000000);
  one.time.rate_denom = 0; /* no driver yet */
  run(&one);
  CHECK_EQUAL(pcmio_pump_latency(one.bench.pump), 0);
  rig_close(&one.bench);
}

static void recorded_frames_are_where_the_chunk_says_and_as_old_as_they_are_many(void) {
  station one;
  pcmio_block block;
  open_station(&one, 0, 1);
  for (int32_t i = 0; i < 1024; i++) {
    one.samples[i] = i;
  }
  one.chunk = (pcmio_pw_chunk){.offset = 8 * 4, .size = CYCLE * 4, .stride = 4};
  run(&one);
  CHECK(pcmio_pump_step(one.bench.pump, 0, &block));
  CHECK_EQUAL(rig_in_slot(&one.bench, &block)[0], 8);
  CHECK_EQUAL(block.input_nanos, RIG_START_NANOS - CYCLE_NANOS);
  one.chunk = (pcmio_pw_chunk){.offset = 4000, .size = 4000}; /* goes beyond its buffer */
  run(&one);
  CHECK_EQUAL(pcmio_pump_position(one.bench.pump), 64 + 24);
  one.chunk = (pcmio_pw_chunk){.size = 4};
  one.time.delay = 4800;
  run(&one);
  CHECK_EQUAL(pcmio_pump_latency(one.bench.pump), 100000000);
  rig_close(&one.bench);
}

static void cycles_that_went_by_are_counted_in_frames_of_the_stream(void) {
  station one;
  pcmio_note note;
  open_station(&one, 0, 1);
  one.clock.rate_denom = 96000; /* the graph runs at twice the stream's rate */
  run(&one);
  one.clock.position += 3 * (uint64_t)CYCLE;
  run(&one);
  CHECK_EQUAL(rig_stats(&one.bench).xruns, 1);
  CHECK_EQUAL(rig_stats(&one.bench).input_xrun_frames, 3 * CYCLE / 2);
  one.clock.id = 8; /* another driver counts from elsewhere */
  one.clock.position += 1000000;
  run(&one);
  one.clock.position += 1000000;
  atomic_store(&one.stream.afresh, 1); /* it was held meanwhile */
  run(&one);
  CHECK_EQUAL(rig_stats(&one.bench).xruns, 1);
  one.clock.flags = PCMIO_PW_CLOCK_XRUN_RECOVER;
  run(&one);
  run(&one);
  CHECK_EQUAL(rig_stats(&one.bench).xruns, 2);
  one.clock.xrun = 5;
  run(&one);
  CHECK_EQUAL(rig_stats(&one.bench).xruns, 3);
  CHECK_EQUAL(rig_stats(&one.bench).input_xrun_frames, 3 * CYCLE / 2);
  CHECK(!pcmio_pump_take_note(one.bench.pump, &note));
  one.clock.duration = 256;
  run(&one);
  CHECK(pcmio_pump_take_note(one.bench.pump, &note));
  CHECK_EQUAL(note.kind, PCMIO_NOTE_BUFFER_CHANGED);
  CHECK_EQUAL(note.value, 128);
  rig_close(&one.bench);
}

/* As if the callback had taken that much of the cycle. */
static void run_for(station *one, uint64_t nanos) {
  rig_fill(&one->bench, 1);
  one->clock.nanos = one->bench.now - nanos;
  run(one);
}

static void frames_that_come_when_the_cycle_has_ended_are_lost(void) {
  station one;
  open_station(&one, 1, 0);
  run_for(&one, CYCLE_NANOS - 1000);
  run_for(&one, CYCLE_NANOS + 1000);
  CHECK_EQUAL(rig_stats(&one.bench).xruns, 0); /* told by the next cycle, with what else was missed before it */
  run_for(&one, 0);
  CHECK_EQUAL(rig_stats(&one.bench).xruns, 1);
  CHECK_EQUAL(rig_stats(&one.bench).output_xrun_frames, CYCLE);
  run_for(&one, 2 * CYCLE_NANOS);
  one.clock.position += CYCLE;
  run_for(&one, 0);
  CHECK_EQUAL(rig_stats(&one.bench).xruns, 2);
  CHECK_EQUAL(rig_stats(&one.bench).output_xrun_frames, 3 * CYCLE);
  one.clock.next_nanos = one.bench.now + CYCLE_NANOS; /* the driver knows better when it goes on */
  run_for(&one, CYCLE_NANOS + 1000);
  one.clock.next_nanos = 0;
  one.clock.flags = PCMIO_PW_CLOCK_FREEWHEEL; /* and this one waits */
  run_for(&one, 2 * CYCLE_NANOS);
  run_for(&one, 0);
  CHECK_EQUAL(rig_stats(&one.bench).xruns, 2);
  rig_close(&one.bench);
}

static void of_a_late_cycle_is_lost_what_the_ring_gave(void) {
  station one;
  open_station(&one, 1, 0);
  rig_fill(&one.bench, 1);
  run(&one);
  run(&one);
  one.clock.nanos = one.bench.now - 2 * CYCLE_NANOS;
  run(&one); /* silence: the ring is empty */
  one.clock.nanos = one.bench.now;
  run(&one);
  CHECK_EQUAL(rig_stats(&one.bench).xruns, 1);
  CHECK_EQUAL(rig_stats(&one.bench).output_xrun_frames, 2 * CYCLE);
  CHECK(rig_put_block(&one.bench, 1)); /* half a cycle */
  one.clock.nanos = one.bench.now - 2 * CYCLE_NANOS;
  run(&one);
  one.clock.nanos = one.bench.now;
  rig_fill(&one.bench, 1);
  run(&one);
  CHECK_EQUAL(rig_stats(&one.bench).output_xrun_frames, 3 * CYCLE);
  rig_close(&one.bench);
}

static void a_late_cycle_is_lost_once_however_often_the_resampler_asks(void) {
  station one;
  open_station(&one, 1, 0);
  one.buffer.requested = CYCLE / 2;
  run_for(&one, 2 * CYCLE_NANOS);
  one.clock.position -= CYCLE; /* still in the same cycle */
  run_for(&one, 2 * CYCLE_NANOS);
  CHECK_EQUAL(rig_stats(&one.bench).xruns, 0);
  run_for(&one, 0);
  run_for(&one, 0);
  CHECK_EQUAL(rig_stats(&one.bench).xruns, 1);
  CHECK_EQUAL(rig_stats(&one.bench).output_xrun_frames, CYCLE);
  run_for(&one, 2 * CYCLE_NANOS);
  atomic_store(&one.stream.afresh, 1); /* what came too late was of another start */
  run_for(&one, 0);
  CHECK_EQUAL(rig_stats(&one.bench).xruns, 1);
  rig_close(&one.bench);
}

static void a_stream_outside_the_graph_has_no_clock(void) {
  station one;
  open_station(&one, 1, 0);
  rig_fill(&one.bench, 1);
  atomic_store(&one.stream.clock, NULL);
  run(&one);
  one.clock.position += 1000;
  atomic_store(&one.stream.clock, &one.clock);
  run(&one);
  CHECK_EQUAL(rig_stats(&one.bench).xruns, 0);
  rig_close(&one.bench);
}

static void a_refused_priority_is_told_once(void) {
  station one;
  pcmio_note note;
  open_station(&one, 0, 1);
  one.denied = 1;
  for (uint32_t cycle = 0; cycle < 300; cycle++) {
    run(&one);
  }
  CHECK(pcmio_pump_take_note(one.bench.pump, &note));
  CHECK_EQUAL(note.kind, PCMIO_NOTE_REALTIME_DENIED);
  CHECK_EQUAL(note.code, 1);
  CHECK(!pcmio_pump_take_note(one.bench.pump, &note));
  rig_close(&one.bench);
}

int main(void) {
  CHECK_EQUAL(sizeof(pcmio_pw_hook), 48);
  CHECK_EQUAL(sizeof(pcmio_pw_time), 64);
  CHECK_EQUAL(sizeof(pcmio_pw_clock), 160);
  CHECK_EQUAL(offsetof(pcmio_pw_clock, position), 88);
  CHECK_EQUAL(offsetof(pcmio_pw_clock, xrun), 152);
  CHECK_EQUAL(offsetof(pcmio_pw_buffer, requested), 24);
  CHECK_EQUAL(sizeof(pcmio_pw_data), 40);
  RUN(a_buffer_gets_what_is_requested_and_no_more_than_it_holds);
  RUN(a_cycle_without_a_buffer_leaves_the_ring_alone);
  RUN(frames_are_heard_after_the_delays_of_device_and_resampler);
  RUN(an_old_library_tells_the_time_too);
  RUN(recorded_frames_are_where_the_chunk_says_and_as_old_as_they_are_many);
  RUN(cycles_that_went_by_are_counted_in_frames_of_the_stream);
  RUN(frames_that_come_when_the_cycle_has_ended_are_lost);
  RUN(of_a_late_cycle_is_lost_what_the_ring_gave);
  RUN(a_late_cycle_is_lost_once_however_often_the_resampler_asks);
  RUN(a_stream_outside_the_graph_has_no_clock);
  RUN(a_refused_priority_is_told_once);
  return 0;
}
