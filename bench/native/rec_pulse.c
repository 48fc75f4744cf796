/* rec_pulse SOURCE NAME [discard]: records a source of the server that the environment names, with little latency, into
 * NAME.f32 and NAME.stamps, or nowhere: an open recorder keeps a null sink from rendering seconds ahead. */
#include <pulse/pulseaudio.h>

#include "recording.h"

typedef struct {
  pa_mainloop *loop;
  const char *source;
  recording into;
  bool discard;
  bool ended;
} recorder;

static void on_input(pa_mainloop_api *api, pa_io_event *event, int fd, pa_io_event_flags_t flags, void *argument) {
  (void)api, (void)event, (void)fd, (void)flags;
  recorder *self = argument;
  self->ended = self->ended || bench_ended(0);
}

static void on_read(pa_stream *stream, size_t bytes, void *argument) {
  recorder *self = argument;
  const void *data;
  while (pa_stream_readable_size(stream) > 0 && pa_stream_peek(stream, &data, &bytes) == 0 && bytes > 0) {
    uint32_t frames = (uint32_t)(bytes / (BENCH_CHANNELS * sizeof(float)));
    recording_head head = {
        .nanos = bench_nanos(), .missed = data == NULL ? frames : 0, .frames = data == NULL ? 0 : frames};
    if (!self->discard) {
      recording_put(&self->into, head, data == NULL ? (const float *)self->into.data : data, NULL);
      recording_write(&self->into);
    }
    pa_stream_drop(stream);
  }
}

static void on_stream(pa_stream *stream, void *argument) {
  (void)argument;
  if (pa_stream_get_state(stream) == PA_STREAM_READY) {
    puts("ready");
    fflush(stdout);
  } else if (pa_stream_get_state(stream) == PA_STREAM_FAILED) {
    bench_fail("rec_pulse: the stream failed");
  }
}

static void on_context(pa_context *context, void *argument) {
  recorder *self = argument;
  if (pa_context_get_state(context) == PA_CONTEXT_FAILED) {
    bench_fail("rec_pulse: no server");
  }
  if (pa_context_get_state(context) != PA_CONTEXT_READY) {
    return;
  }
  pa_sample_spec format = {.format = PA_SAMPLE_FLOAT32NE, .rate = BENCH_RATE, .channels = BENCH_CHANNELS};
  pa_buffer_attr buffer = {.maxlength = UINT32_MAX, .fragsize = 96 * BENCH_CHANNELS * sizeof(float)};
  pa_stream *stream = pa_stream_new(context, "bench-recorder", &format, NULL);
  pa_stream_set_state_callback(stream, on_stream, self);
  pa_stream_set_read_callback(stream, on_read, self);
  pa_stream_connect_record(stream, self->source, &buffer, PA_STREAM_ADJUST_LATENCY | PA_STREAM_DONT_MOVE);
}

int main(int count, char **arguments) {
  static recorder self;
  if (count < 3) {
    bench_fail("usage: rec_pulse SOURCE NAME [discard]");
  }
  self.source = arguments[1];
  self.discard = count > 3;
  recording_open(&self.into, arguments[2]);
  bench_promote();
  self.loop = pa_mainloop_new();
  pa_mainloop_api *api = pa_mainloop_get_api(self.loop);
  api->io_new(api, STDIN_FILENO, PA_IO_EVENT_INPUT | PA_IO_EVENT_HANGUP, on_input, &self);
  pa_context *context = pa_context_new(api, "bench-recorder");
  pa_context_set_state_callback(context, on_context, &self);
  if (pa_context_connect(context, NULL, PA_CONTEXT_NOAUTOSPAWN, NULL) < 0) {
    bench_fail("rec_pulse: cannot connect");
  }
  while (!self.ended && pa_mainloop_iterate(self.loop, 1, NULL) >= 0) {
  }
  recording_close(&self.into);
  return 0;
}
