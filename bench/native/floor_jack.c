/* floor_jack SERVER STREAMS WARM WINDOW BUSY: what playing from memory costs on JACK when there is nothing between. */
#include <jack/jack.h>

#include "floor.h"

typedef struct {
  floor_state state;
  floor_job job;
  jack_port_t *ports[FLOOR_STREAMS][BENCH_CHANNELS];
} player;

static int process(jack_nframes_t frames, void *argument) {
  player *self = argument;
  floor_begun(&self->state);
  for (uint32_t stream = 0; stream < self->job.streams; stream++) {
    const float *from = floor_take(&self->state, stream, frames);
    for (uint32_t channel = 0; channel < BENCH_CHANNELS; channel++) {
      float *to = jack_port_get_buffer(self->ports[stream][channel], frames);
      for (jack_nframes_t frame = 0; frame < frames; frame++) {
        to[frame] = from[frame * BENCH_CHANNELS + channel];
      }
    }
  }
  return 0;
}

static void wire(player *self, jack_client_t *client) {
  const char **sinks = jack_get_ports(client, NULL, JACK_DEFAULT_AUDIO_TYPE, JackPortIsInput | JackPortIsPhysical);
  for (uint32_t stream = 0; stream < self->job.streams; stream++) {
    for (uint32_t channel = 0; channel < BENCH_CHANNELS && sinks != NULL && sinks[channel] != NULL; channel++) {
      jack_connect(client, jack_port_name(self->ports[stream][channel]), sinks[channel]);
    }
  }
  jack_free(sinks);
}

static void silent(const char *message) { (void)message; }

int main(int count, char **arguments) {
  static player self;
  if (count != 6) {
    bench_fail("usage: floor_jack SERVER STREAMS WARM WINDOW BUSY");
  }
  self.job = floor_arguments(arguments + 2);
  self.state.table = bench_table(8192);
  jack_set_error_function(silent);
  jack_set_info_function(silent);
  self.state.opened_nanos = bench_nanos();
  jack_client_t *client = jack_client_open("bench-floor", JackNoStartServer | JackServerName, NULL, arguments[1]);
  if (client == NULL) {
    bench_fail("floor_jack: no such server");
  }
  self.state.built_nanos = bench_nanos();
  for (uint32_t stream = 0; stream < self.job.streams; stream++) {
    for (uint32_t channel = 0; channel < BENCH_CHANNELS; channel++) {
      char name[32];
      snprintf(name, sizeof name, "out_%u_%u", stream, channel);
      self.ports[stream][channel] =
          jack_port_register(client, name, JACK_DEFAULT_AUDIO_TYPE, JackPortIsOutput | JackPortIsTerminal, 0);
    }
  }
  jack_set_process_callback(client, process, &self);
  if (jack_activate(client) != 0) {
    bench_fail("floor_jack: cannot be activated");
  }
  wire(&self, client);
  floor_measure(&self.state, &self.job);
  jack_client_close(client);
  return 0;
}
