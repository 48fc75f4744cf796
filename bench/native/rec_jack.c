/* rec_jack SERVER NAME: records the first two output ports of whichever client comes, into NAME.f32 and NAME.stamps. */
#include <jack/jack.h>

#include "recording.h"

#define OWN "bench-recorder"

typedef struct {
  jack_client_t *client;
  jack_port_t *ports[BENCH_CHANNELS];
  recording into;
  bool begun;
  jack_nframes_t next;
} recorder;

static int process(jack_nframes_t frames, void *argument) {
  recorder *self = argument;
  jack_nframes_t now = jack_last_frame_time(self->client);
  recording_head head = {.nanos = bench_nanos(), .frames = frames};
  if (self->begun && (int32_t)(now - self->next) > 0) {
    head.missed = now - self->next;
  }
  self->begun = true;
  self->next = now + frames;
  recording_put(&self->into, head, jack_port_get_buffer(self->ports[0], frames),
                jack_port_get_buffer(self->ports[1], frames));
  return 0;
}

static bool stranger(const char *port) {
  return strncmp(port, "system:", 7) != 0 && strncmp(port, OWN, strlen(OWN)) != 0;
}

/* Wires the first two strangers to us; true when both are wired. */
static bool wire(recorder *self) {
  const char **names = jack_get_ports(self->client, NULL, JACK_DEFAULT_AUDIO_TYPE, JackPortIsOutput);
  unsigned wired = 0;
  for (const char **name = names; name != NULL && *name != NULL && wired < BENCH_CHANNELS; name++) {
    if (!stranger(*name)) {
      continue;
    }
    const char *own = jack_port_name(self->ports[wired]);
    if (jack_port_connected_to(self->ports[wired], *name) || jack_connect(self->client, *name, own) == 0) {
      wired++;
    }
  }
  jack_free(names);
  return wired == BENCH_CHANNELS;
}

static void silent(const char *message) { (void)message; }

int main(int count, char **arguments) {
  static recorder self;
  if (count != 3) {
    bench_fail("usage: rec_jack SERVER NAME");
  }
  jack_set_error_function(silent);
  jack_set_info_function(silent);
  self.client = jack_client_open(OWN, JackNoStartServer | JackServerName, NULL, arguments[1]);
  if (self.client == NULL) {
    bench_fail("rec_jack: no such server");
  }
  recording_open(&self.into, arguments[2]);
  self.ports[0] = jack_port_register(self.client, "left", JACK_DEFAULT_AUDIO_TYPE, JackPortIsInput, 0);
  self.ports[1] = jack_port_register(self.client, "right", JACK_DEFAULT_AUDIO_TYPE, JackPortIsInput, 0);
  jack_set_process_callback(self.client, process, &self);
  if (jack_activate(self.client) != 0) {
    bench_fail("rec_jack: cannot be activated");
  }
  puts("ready");
  fflush(stdout);
  bool wired = false;
  while (!bench_ended(wired ? 20 : 2)) {
    /* Some libraries open a client, close it and open another. */
    wired = (jack_port_connected(self.ports[0]) > 0 && jack_port_connected(self.ports[1]) > 0) || wire(&self);
    recording_write(&self.into);
  }
  jack_client_close(self.client);
  recording_close(&self.into);
  return 0;
}
