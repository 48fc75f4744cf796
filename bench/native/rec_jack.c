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

/* The two strangers whose names come first: JACK lists ports in the order of the places that happened to be free. */
static unsigned strangers(const char *const *names, const char *found[BENCH_CHANNELS]) {
  unsigned count = 0;
  for (const char *const *name = names; name != NULL && *name != NULL; name++) {
    if (!stranger(*name)) {
      continue;
    }
    const char *candidate = *name;
    for (unsigned place = 0; place < count; place++) {
      if (strcmp(candidate, found[place]) < 0) {
        const char *later = found[place];
        found[place] = candidate;
        candidate = later;
      }
    }
    if (count < BENCH_CHANNELS) {
      found[count++] = candidate;
    }
  }
  return count;
}

/* Wires a player's two ports to us; true when both are wired. */
static bool wire(recorder *self) {
  const char **names = jack_get_ports(self->client, NULL, JACK_DEFAULT_AUDIO_TYPE, JackPortIsOutput);
  const char *found[BENCH_CHANNELS] = {NULL};
  unsigned wired = 0;
  if (strangers(names, found) == BENCH_CHANNELS) {
    for (unsigned channel = 0; channel < BENCH_CHANNELS; channel++) {
      const char *own = jack_port_name(self->ports[channel]);
      bool already = jack_port_connected_to(self->ports[channel], found[channel]) != 0;
      wired += already || jack_connect(self->client, found[channel], own) == 0;
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
