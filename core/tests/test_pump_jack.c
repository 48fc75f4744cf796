/* A JACK client whose streams come and go while libjack's two threads are at work.  What each callback does, one after
 * the other, is tested through Python (tests/hosts/jack/test_callbacks.py); here is tested that they may meet. */
#include <pthread.h>
#include <sched.h>

#include "pcmio_systems.h"
#include "rig.h"

#define STREAMS 400u
#define AT_ONCE 6u
#define MOST_CHANNELS 4u
#define SECOND INT64_C(1000000000)

/* --- a libjack ---------------------------------------------------------------------------------------------------- */

typedef struct {
  float samples[RIG_MOST_FRAMES];
} port;

static _Atomic uint32_t period = 64;
static _Atomic uint32_t frame;
static _Atomic bool ended;

static void *get_buffer(void *handle, uint32_t frames) {
  CHECK(frames <= RIG_MOST_FRAMES);
  return ((port *)handle)->samples;
}

static int get_cycle_times(const void *client, uint32_t *at, uint64_t *usecs, uint64_t *next_usecs, float *usual) {
  CHECK(client != NULL);
  *at = frame;
  *usecs = pcmio_clock_nanos() / 1000;
  *next_usecs = *usecs + 5; /* most cycles have ended when their frames are there */
  *usual = 0;
  return 0;
}

static uint64_t get_time(void) { return pcmio_clock_nanos() / 1000; }

static void get_latency(void *handle, uint32_t mode, void *range) {
  uint32_t *values = range;
  CHECK(handle != NULL && mode <= 1);
  values[0] = values[1] = 32;
}

static void set_latency(void *handle, uint32_t mode, void *range) { CHECK(handle != NULL && mode <= 1 && range); }

static int unregister(void *client, void *handle) {
  CHECK(client != NULL);
  free(handle); /* whoever reads it from now on is found by the sanitizers */
  return 0;
}

static void *process(void *client) {
  while (!ended) {
    uint32_t frames = period;
    CHECK_EQUAL(pcmio_jack_process(frames, client), 0);
    frame += frames;
    sched_yield();
  }
  return NULL;
}

static void *notify(void *client) {
  uint32_t random = 7;
  while (!ended) {
    uint32_t size = 32u << next_random(&random) % 4;
    switch (next_random(&random) % 6) {
    case 0:
      period = size;
      pcmio_jack_buffer_size(size, client);
      break;
    case 1:
      pcmio_jack_xrun(client);
      frame += size;
      break;
    case 2:
      pcmio_jack_freewheel((int32_t)(size & 32), client);
      pcmio_jack_freewheel(0, client);
      break;
    case 3:
      pcmio_jack_sample_rate(RIG_RATE + size, client);
      pcmio_jack_sample_rate(RIG_RATE, client);
      break;
    default:
      pcmio_jack_latency(0, client);
      pcmio_jack_latency(1, client);
      pcmio_jack_graph_order(client);
    }
    sched_yield();
  }
  return NULL;
}

/* --- streams ------------------------------------------------------------------------------------------------------ */

typedef struct {
  rig bench;
  pcmio_jack_stream *stream;
  void *ports[2 * MOST_CHANNELS];
  uint32_t ports_count;
} stream;

static pcmio_jack_client *open_client(void) {
  pcmio_jack_api api = {.port_get_buffer = get_buffer,
                        .get_cycle_times = get_cycle_times,
                        .get_time = get_time,
                        .port_get_latency_range = get_latency,
                        .port_set_latency_range = set_latency,
                        .port_unregister = unregister};
  pcmio_jack_client *client = pcmio_jack_client_new(&api);
  CHECK(client != NULL);
  pcmio_jack_client_opened(client, &api, RIG_RATE, period);
  return client;
}

static void open_stream(pcmio_jack_client *client, stream *opened, uint32_t inputs, uint32_t outputs) {
  pcmio_pump_config config = rig_config(&opened->bench);
  config.in_channels = inputs;
  config.out_channels = outputs;
  config.in_planar = config.out_planar = 1;
  config.in_native_format = config.out_native_format = PCMIO_F32;
  rig_open(&opened->bench, &config);
  opened->ports_count = inputs + outputs;
  for (uint32_t i = 0; i < opened->ports_count; i++) {
    opened->ports[i] = calloc(1, sizeof(port));
    CHECK(opened->ports[i] != NULL);
  }
  opened->stream = pcmio_jack_stream_new(opened->bench.pump, inputs, opened->ports, outputs, opened->ports + inputs);
  CHECK(opened->stream != NULL);
  CHECK_EQUAL(pcmio_jack_join(client, opened->stream), 0);
  pcmio_jack_stream_measure(client, opened->stream);
  pcmio_pump_set_mode(opened->bench.pump, PCMIO_RUNNING);
}

static void serve_stream(const stream *served) {
  pcmio_block block;
  pcmio_note note;
  pcmio_pump_awake(served->bench.pump);
  for (int32_t ready = pcmio_pump_step(served->bench.pump, 0, &block); ready;
       ready = pcmio_pump_step(served->bench.pump, 1, &block)) {
  }
  while (pcmio_pump_take_note(served->bench.pump, &note)) {
  }
}

static void close_stream(pcmio_jack_client *client, stream *closed) {
  pcmio_pump_set_mode(closed->bench.pump, PCMIO_IDLE);
  CHECK_EQUAL(pcmio_jack_leave(client, closed->stream, SECOND, 30 * SECOND), 0);
  CHECK_EQUAL(pcmio_pump_settle(closed->bench.pump, 0), 0); /* nobody is inside any more */
  CHECK_EQUAL(pcmio_jack_unregister(client, closed->ports, closed->ports_count, SECOND / 100), 0);
  pcmio_jack_stream_free(closed->stream);
  rig_close(&closed->bench);
  closed->stream = NULL;
}

static void streams_come_and_go_under_a_running_client(void) {
  static stream streams[AT_ONCE];
  pcmio_jack_client *client = open_client();
  pthread_t threads[2];
  uint32_t random = 3;
  CHECK_EQUAL(pthread_create(&threads[0], NULL, process, client), 0);
  CHECK_EQUAL(pthread_create(&threads[1], NULL, notify, client), 0);
  for (uint32_t i = 0; i < STREAMS; i++) {
    stream *chosen = &streams[next_random(&random) % AT_ONCE];
    if (chosen->stream != NULL) {
      close_stream(client, chosen);
    }
    uint32_t kind = next_random(&random) % 3; /* input, output, both */
    uint32_t channels = 1 + next_random(&random) % MOST_CHANNELS;
    open_stream(client, chosen, kind == 1 ? 0 : channels, kind == 0 ? 0 : channels);
    for (uint32_t j = 0; j < AT_ONCE; j++) {
      if (streams[j].stream != NULL) {
        serve_stream(&streams[j]);
      }
    }
  }
  for (uint32_t i = 0; i < AT_ONCE; i++) {
    if (streams[i].stream != NULL) {
      close_stream(client, &streams[i]);
    }
  }
  ended = true;
  CHECK_EQUAL(pthread_join(threads[0], NULL), 0);
  CHECK_EQUAL(pthread_join(threads[1], NULL), 0);
  pcmio_jack_client_free(client);
}

static void *lose(void *client) {
  pcmio_jack_shutdown(1, "the end", client);
  pcmio_jack_gone(client);
  return NULL;
}

/* Whichever of the two is first, the stream is told once. */
static void a_stream_that_joins_while_the_server_ends_is_told_once(void) {
  for (uint32_t i = 0; i < 200; i++) {
    pcmio_jack_client *client = open_client();
    stream opened = {.stream = NULL};
    pthread_t thread;
    CHECK_EQUAL(pthread_create(&thread, NULL, lose, client), 0);
    open_stream(client, &opened, 0, 1);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    uint32_t told = 0;
    pcmio_note note;
    while (pcmio_pump_take_note(opened.bench.pump, &note)) {
      told += note.kind == PCMIO_NOTE_HOST_LOST;
    }
    CHECK_EQUAL(told, 1);
    CHECK_EQUAL(pcmio_jack_leave(client, opened.stream, SECOND, SECOND), 0);
    pcmio_jack_stream_free(opened.stream);
    free(opened.ports[0]);
    rig_close(&opened.bench);
    pcmio_jack_client_free(client);
  }
}

int main(void) {
  RUN(streams_come_and_go_under_a_running_client);
  RUN(a_stream_that_joins_while_the_server_ends_is_told_once);
  return EXIT_SUCCESS;
}
