/* rec_pipewire SINK NAME: records what a sink of the server that the environment names plays, into NAME.f32 and
 * NAME.stamps.
 *
 * It has no wish for the length of a cycle: that is the player's. */
#include "pipewire.h"
#include "recording.h"

typedef struct {
  struct pw_stream *stream;
  struct spa_hook listener;
  _Atomic(const struct spa_io_position *) position;
  recording into;
  bool begun;
  uint32_t clock;
  uint64_t next; /* where the driver's clock will be, if no cycle is left out */
  bool ready;
} recorder;

/* Frames of cycles that went by without us since the last one. */
static uint32_t missed(recorder *self) {
  const struct spa_io_position *position = atomic_load(&self->position);
  if (position == NULL) {
    self->begun = false;
    return 0;
  }
  const struct spa_io_clock *clock = &position->clock;
  bool follows = self->begun && clock->id == self->clock && clock->position > self->next;
  uint32_t frames = follows ? (uint32_t)(clock->position - self->next) : 0;
  self->begun = true;
  self->clock = clock->id;
  self->next = clock->position + clock->duration;
  return frames;
}

static void on_process(void *argument) {
  recorder *self = argument;
  struct pw_buffer *buffer = pw_stream_dequeue_buffer(self->stream);
  if (buffer == NULL) {
    return; /* the next cycle tells that this one was missed */
  }
  const struct spa_data *data = &buffer->buffer->datas[0];
  recording_head head = {.nanos = bench_nanos(), .missed = missed(self)};
  head.frames = data->chunk->size / (BENCH_CHANNELS * (uint32_t)sizeof(float));
  recording_put(&self->into, head, (const float *)((const uint8_t *)data->data + data->chunk->offset), NULL);
  pw_stream_queue_buffer(self->stream, buffer);
}

static void on_io(void *argument, uint32_t id, void *area, uint32_t bytes) {
  (void)bytes;
  recorder *self = argument;
  if (id == SPA_IO_Position) {
    atomic_store(&self->position, area);
  }
}

static void on_state(void *argument, enum pw_stream_state old, enum pw_stream_state state, const char *error) {
  (void)old, (void)error;
  recorder *self = argument;
  if (state == PW_STREAM_STATE_ERROR) {
    bench_fail("rec_pipewire: the stream failed");
  }
  if (state == PW_STREAM_STATE_STREAMING && !self->ready) {
    self->ready = true;
    puts("ready");
    fflush(stdout);
  }
}

static const struct pw_stream_events EVENTS = {
    .version = PW_VERSION_STREAM_EVENTS, .state_changed = on_state, .io_changed = on_io, .process = on_process};

int main(int count, char **arguments) {
  static recorder self;
  if (count != 3) {
    bench_fail("usage: rec_pipewire SINK NAME");
  }
  pw_init(NULL, NULL);
  recording_open(&self.into, arguments[2]);
  struct pw_loop *loop = pw_loop_new(NULL);
  pw_loop_enter(loop);
  struct pw_core *core = bench_pw_connect(loop);
  struct pw_properties *properties =
      pw_properties_new(PW_KEY_MEDIA_TYPE, "Audio", PW_KEY_MEDIA_CATEGORY, "Capture", PW_KEY_NODE_NAME,
                        "bench-recorder", PW_KEY_STREAM_CAPTURE_SINK, "true", PW_KEY_TARGET_OBJECT, arguments[1], NULL);
  self.stream = bench_pw_stream(core, PW_DIRECTION_INPUT, properties, &self.listener, &EVENTS, &self);
  while (!bench_ended(0) && pw_loop_iterate(loop, 20) >= 0) {
    recording_write(&self.into);
  }
  pw_stream_destroy(self.stream);
  recording_close(&self.into);
  return 0;
}
