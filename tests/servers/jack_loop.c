/* jack_loop SERVER CHANNELS [NAME]: a client with physical ports, as a sound card's driver has them, whose outputs give
 * what its inputs are given.  libjack is opened by name, so that no header is needed.
 *
 * A client that plays to it and records from it is before it and after it in the graph, so that JACK hands it
 * everything a period later.  As a card's driver does, it tells that, as the latency of its inputs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST 64
#define INPUT 1ul
#define OUTPUT 2ul
#define PHYSICAL 4ul
#define TO_PLAYBACK 1 /* JackLatencyCallbackMode */
#define NO_START_SERVER 1
#define SERVER_NAME 4
#define AUDIO "32 bit float mono audio"

static void *(*get_buffer)(void *, uint32_t);
typedef struct {
  uint32_t least, most;
} latency_range; /* jack_latency_range_t */

static void (*set_latency)(void *, int, latency_range *);
static uint32_t (*get_period)(void *);
static void *client;
static void *inputs[MOST];
static void *outputs[MOST];
static int channels;

static int process(uint32_t frames, void *argument) {
  (void)argument;
  for (int i = 0; i < channels; i++) {
    memcpy(get_buffer(outputs[i], frames), get_buffer(inputs[i], frames), frames * sizeof(float));
  }
  return 0;
}

static void tell_latency(int mode, void *argument) {
  (void)argument;
  uint32_t frames = mode == TO_PLAYBACK ? get_period(client) : 0;
  latency_range range = {frames, frames};
  for (int i = 0; i < channels; i++) {
    set_latency(mode == TO_PLAYBACK ? inputs[i] : outputs[i], mode, &range);
  }
}

static void leave(void *argument) {
  (void)argument;
  kill(getpid(), SIGTERM);
}

static void *find(void *library, const char *name) {
  void *found = dlsym(library, name);
  if (found == NULL) {
    fprintf(stderr, "libjack has no %s\n", name);
    exit(1);
  }
  return found;
}

#define FUNCTION(type, name, ...)                                                                                      \
  type (*name)(__VA_ARGS__);                                                                                           \
  *(void **)&name = find(library, #name)

int main(int count, char **arguments) {
  if (count < 3 || count > 4 || (channels = atoi(arguments[2])) < 1 || channels > MOST) {
    fprintf(stderr, "usage: jack_loop SERVER CHANNELS [NAME]\n");
    return 1;
  }
  void *library = dlopen("libjack.so.0", RTLD_NOW);
  if (library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  FUNCTION(void *, jack_client_open, const char *, int, int *, ...);
  FUNCTION(void *, jack_port_register, void *, const char *, const char *, unsigned long, unsigned long);
  FUNCTION(int, jack_set_process_callback, void *, int (*)(uint32_t, void *), void *);
  FUNCTION(void, jack_on_shutdown, void *, void (*)(void *), void *);
  FUNCTION(int, jack_activate, void *);
  FUNCTION(int, jack_client_close, void *);
  FUNCTION(int, jack_set_latency_callback, void *, void (*)(int, void *), void *);
  *(void **)&get_buffer = find(library, "jack_port_get_buffer");
  *(void **)&get_period = find(library, "jack_get_buffer_size");
  *(void **)&set_latency = find(library, "jack_port_set_latency_range");

  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigprocmask(SIG_BLOCK, &ends, NULL); /* in libjack's threads too */

  int status = 0;
  client = jack_client_open(count > 3 ? arguments[3] : "loop", NO_START_SERVER | SERVER_NAME, &status, arguments[1]);
  if (client == NULL) {
    fprintf(stderr, "no server %s (%#x)\n", arguments[1], (unsigned)status);
    return 1;
  }
  for (int i = 0; i < channels; i++) {
    char name[32];
    snprintf(name, sizeof name, "playback_%d", i + 1);
    inputs[i] = jack_port_register(client, name, AUDIO, INPUT | PHYSICAL, 0);
    snprintf(name, sizeof name, "capture_%d", i + 1);
    outputs[i] = jack_port_register(client, name, AUDIO, OUTPUT | PHYSICAL, 0);
    if (inputs[i] == NULL || outputs[i] == NULL) {
      fprintf(stderr, "no port %d\n", i + 1);
      return 1;
    }
  }
  jack_set_process_callback(client, process, NULL);
  jack_set_latency_callback(client, tell_latency, NULL);
  jack_on_shutdown(client, leave, NULL);
  if (jack_activate(client) != 0) {
    fprintf(stderr, "not activated\n");
    return 1;
  }
  puts("ready");
  fflush(stdout);
  /* In good order: of what a program holds when it just ends there are few (locks of libjack's data base). */
  int number = 0;
  sigwait(&ends, &number);
  jack_client_close(client);
  return 0;
}
