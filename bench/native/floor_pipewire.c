/* floor_pipewire FRAMES STREAMS WARM WINDOW BUSY: what playing from memory costs on PipeWire when there is nothing
 * between. A cycle of FRAMES is wished for. */
#include "floor.h"
#include "pipewire.h"

typedef struct {
  struct pw_stream *stream;
  struct spa_hook listener;
  uint32_t number;
  bool ready;
} voice;

static floor_state state;
static floor_job job;
static uint32_t wished_frames;
static voice voices[FLOOR_STREAMS];
static struct pw_loop *loop;
static _Atomic uint32_t ready;

static void on_process(void *argument) {
  voice *self = argument;
  struct pw_buffer *buffer = pw_stream_dequeue_buffer(self->stream);
  if (buffer == NULL) {
    return;
  }
  const uint32_t frame_bytes = BENCH_CHANNELS * (uint32_t)sizeof(float);
  struct spa_data *data = &buffer->buffer->datas[0];
  uint32_t frames = data->maxsize / frame_bytes;
  frames = buffer->requested != 0 && buffer->requested < frames ? (uint32_t)buffer->requested : frames;
  floor_begun(&state);
  memcpy(data->data, floor_take(&state, self->number, frames), (size_t)frames * frame_bytes);
  *data->chunk = (struct spa_chunk){.size = frames * frame_bytes, .stride = (int32_t)frame_bytes};
  pw_stream_queue_buffer(self->stream, buffer);
}

static void on_state(void *argument, enum pw_stream_state old, enum pw_stream_state now, const char *error) {
  (void)old, (void)error;
  voice *self = argument;
  if (now == PW_STREAM_STATE_ERROR) {
    bench_fail("floor_pipewire: a stream failed");
  }
  if (now == PW_STREAM_STATE_STREAMING && !self->ready) {
    self->ready = true;
    atomic_fetch_add(&ready, 1);
  }
}

static const struct pw_stream_events EVENTS = {
    .version = PW_VERSION_STREAM_EVENTS, .state_changed = on_state, .process = on_process};

static void *run(void *unused) {
  (void)unused;
  pw_loop_enter(loop);
  struct pw_core *core = bench_pw_connect(loop);
  state.built_nanos = bench_nanos();
  for (uint32_t number = 0; number < job.streams; number++) {
    voice *self = &voices[number];
    self->number = number;
    struct pw_properties *properties = pw_properties_new(PW_KEY_MEDIA_TYPE, "Audio", PW_KEY_MEDIA_CATEGORY, "Playback",
                                                         PW_KEY_NODE_NAME, "bench-floor", NULL);
    pw_properties_setf(properties, PW_KEY_NODE_LATENCY, "%u/%u", wished_frames, BENCH_RATE);
    self->stream = bench_pw_stream(core, PW_DIRECTION_OUTPUT, properties, &self->listener, &EVENTS, self);
  }
  while (pw_loop_iterate(loop, -1) >= 0) {
  }
  return NULL;
}

int main(int count, char **arguments) {
  if (count != 6) {
    bench_fail("usage: floor_pipewire FRAMES STREAMS WARM WINDOW BUSY");
  }
  wished_frames = (uint32_t)atoi(arguments[1]);
  job = floor_arguments(arguments + 2);
  state.table = bench_table(65536);
  state.opened_nanos = bench_nanos();
  pw_init(NULL, NULL);
  loop = pw_loop_new(NULL);
  pthread_t thread;
  pthread_create(&thread, NULL, run, NULL);
  while (atomic_load(&ready) < job.streams) {
    usleep(1000);
  }
  floor_measure(&state, &job);
  _exit(0);
}
