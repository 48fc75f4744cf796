/* floor_pulse FRAMES STREAMS WARM WINDOW BUSY: what playing from memory costs on PulseAudio when there is nothing
 * between. Three blocks of FRAMES are queued, and one is written whenever the server asks. */
#include <pulse/pulseaudio.h>

#include "floor.h"

typedef struct {
  floor_state state;
  floor_job job;
  uint32_t block_frames;
  pa_stream *streams[FLOOR_STREAMS];
  uint32_t numbers[FLOOR_STREAMS];
  pa_mainloop *loop;
  _Atomic uint32_t ready;
} player;

static player self;

static void on_write(pa_stream *stream, size_t bytes, void *argument) {
  uint32_t number = *(const uint32_t *)argument;
  size_t block = (size_t)self.block_frames * BENCH_CHANNELS * sizeof(float);
  floor_begun(&self.state);
  for (; bytes >= block; bytes -= block) {
    void *to;
    size_t room = block;
    if (pa_stream_begin_write(stream, &to, &room) < 0 || room < block) {
      pa_stream_cancel_write(stream);
      return;
    }
    memcpy(to, floor_take(&self.state, number, self.block_frames), block);
    pa_stream_write(stream, to, block, NULL, 0, PA_SEEK_RELATIVE);
  }
}

static void on_stream(pa_stream *stream, void *argument) {
  (void)argument;
  if (pa_stream_get_state(stream) == PA_STREAM_READY) {
    atomic_fetch_add(&self.ready, 1);
  } else if (pa_stream_get_state(stream) == PA_STREAM_FAILED) {
    bench_fail("floor_pulse: a stream failed");
  }
}

static void build(pa_context *context) {
  pa_sample_spec format = {.format = PA_SAMPLE_FLOAT32NE, .rate = BENCH_RATE, .channels = BENCH_CHANNELS};
  uint32_t block = self.block_frames * BENCH_CHANNELS * (uint32_t)sizeof(float);
  pa_buffer_attr buffer = {
      .maxlength = UINT32_MAX, .tlength = 3 * block, .prebuf = UINT32_MAX, .minreq = block, .fragsize = UINT32_MAX};
  self.state.built_nanos = bench_nanos();
  for (uint32_t number = 0; number < self.job.streams; number++) {
    self.numbers[number] = number;
    pa_stream *stream = self.streams[number] = pa_stream_new(context, "bench-floor", &format, NULL);
    pa_stream_set_state_callback(stream, on_stream, NULL);
    pa_stream_set_write_callback(stream, on_write, &self.numbers[number]);
    pa_stream_connect_playback(stream, NULL, &buffer, PA_STREAM_ADJUST_LATENCY, NULL, NULL);
  }
}

static void on_context(pa_context *context, void *argument) {
  (void)argument;
  if (pa_context_get_state(context) == PA_CONTEXT_FAILED) {
    bench_fail("floor_pulse: no server");
  } else if (pa_context_get_state(context) == PA_CONTEXT_READY) {
    build(context);
  }
}

static void *run(void *unused) {
  (void)unused;
  bench_promote();
  while (pa_mainloop_iterate(self.loop, 1, NULL) >= 0) {
  }
  return NULL;
}

int main(int count, char **arguments) {
  if (count != 6) {
    bench_fail("usage: floor_pulse FRAMES STREAMS WARM WINDOW BUSY");
  }
  self.block_frames = (uint32_t)atoi(arguments[1]);
  self.job = floor_arguments(arguments + 2);
  self.state.table = bench_table(self.block_frames);
  self.state.opened_nanos = bench_nanos();
  self.loop = pa_mainloop_new();
  pa_context *context = pa_context_new(pa_mainloop_get_api(self.loop), "bench-floor");
  pa_context_set_state_callback(context, on_context, NULL);
  if (pa_context_connect(context, NULL, PA_CONTEXT_NOAUTOSPAWN, NULL) < 0) {
    bench_fail("floor_pulse: cannot connect");
  }
  pthread_t thread;
  pthread_create(&thread, NULL, run, NULL);
  while (atomic_load(&self.ready) < self.job.streams) {
    usleep(1000);
  }
  floor_measure(&self.state, &self.job);
  _exit(0);
}
