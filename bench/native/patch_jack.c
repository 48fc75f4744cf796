/* patch_jack SERVER: wires the first two strangers' outputs to the first two strangers' inputs, for round trips. */
#include <jack/jack.h>

#include "bench.h"

#define OWN "bench-patch"

static bool stranger(const char *port) { return strncmp(port, "system:", 7) != 0 && strncmp(port, "bench-", 6) != 0; }

/* The first strangers among the ports of one direction; how many. */
static unsigned strangers(jack_client_t *client, unsigned long direction, char found[2][512]) {
  const char **names = jack_get_ports(client, NULL, JACK_DEFAULT_AUDIO_TYPE, direction);
  unsigned count = 0;
  for (const char **name = names; name != NULL && *name != NULL && count < 2; name++) {
    if (stranger(*name)) {
      snprintf(found[count++], sizeof found[0], "%s", *name);
    }
  }
  jack_free(names);
  return count;
}

/* Leaves the cable alone on a port: with it, only the cable's latency counts. */
static void unplug_system(jack_client_t *client, const char *port, bool output) {
  const char **names = jack_port_get_all_connections(client, jack_port_by_name(client, port));
  for (const char **name = names; name != NULL && *name != NULL; name++) {
    if (!stranger(*name)) {
      jack_disconnect(client, output ? port : *name, output ? *name : port);
    }
  }
  jack_free(names);
}

static void silent(const char *message) { (void)message; }

int main(int count, char **arguments) {
  if (count != 2) {
    bench_fail("usage: patch_jack SERVER");
  }
  jack_set_error_function(silent);
  jack_set_info_function(silent);
  jack_client_t *client = jack_client_open(OWN, JackNoStartServer | JackServerName, NULL, arguments[1]);
  if (client == NULL) {
    bench_fail("patch_jack: no such server");
  }
  jack_activate(client);
  puts("ready");
  fflush(stdout);
  bool wired = false;
  while (!bench_ended(20)) {
    char outputs[2][512];
    char inputs[2][512];
    if (!wired && strangers(client, JackPortIsOutput, outputs) == 2 &&
        strangers(client, JackPortIsInput, inputs) == 2) {
      for (unsigned channel = 0; channel < 2; channel++) {
        jack_connect(client, outputs[channel], inputs[channel]);
        unplug_system(client, outputs[channel], true);
        unplug_system(client, inputs[channel], false);
      }
      wired = true;
    }
  }
  jack_client_close(client);
  printf("{\"wired\": %s}\n", wired ? "true" : "false");
  return 0;
}
