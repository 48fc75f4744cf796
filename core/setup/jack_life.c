/* JACK clients and their streams are made, joined and freed by Python; what happens in a cycle is in rt/pump_jack.c. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "pump_jack.h"

#define WAIT_STEP_NANOS 100000
#define REFUSED 1 /* EPERM, on every system */

#if defined(_WIN32)

#include <windows.h>

static int32_t denied(void) { return GetThreadPriority(GetCurrentThread()) > THREAD_PRIORITY_NORMAL ? 0 : REFUSED; }

#elif defined(__APPLE__)

#include <mach/mach.h>
#include <pthread.h>

static int32_t denied(void) {
  thread_time_constraint_policy_data_t policy;
  mach_msg_type_number_t count = THREAD_TIME_CONSTRAINT_POLICY_COUNT;
  boolean_t usual = FALSE; /* becomes TRUE when the thread has no such policy */
  kern_return_t failed = thread_policy_get(pthread_mach_thread_np(pthread_self()), THREAD_TIME_CONSTRAINT_POLICY,
                                           (thread_policy_t)&policy, &count, &usual);
  return failed == KERN_SUCCESS && !usual ? 0 : REFUSED;
}

#else

#include <pthread.h>
#include <sched.h>

static int32_t denied(void) {
  int policy = SCHED_OTHER;
  struct sched_param parameters;
  int failed = pthread_getschedparam(pthread_self(), &policy, &parameters);
#if defined(SCHED_RESET_ON_FORK)
  policy &= ~SCHED_RESET_ON_FORK;
#endif
  return failed == 0 && (policy == SCHED_FIFO || policy == SCHED_RR) ? 0 : REFUSED;
}

#endif

pcmio_jack_client *pcmio_jack_client_new(const pcmio_jack_api *api) {
  pcmio_jack_client *client = calloc(1, sizeof *client);
  if (client != NULL) {
    client->api = *api;
    client->denied = denied;
  }
  return client;
}

void pcmio_jack_client_free(pcmio_jack_client *client) { free(client); }

void pcmio_jack_client_opened(pcmio_jack_client *client, void *handle, uint32_t rate, uint32_t period_frames) {
  client->handle = handle;
  client->asked_denied = false;
  client->steady_cycles = 0;
  atomic_store(&client->xruns, 0);
  atomic_store(&client->freewheeling, 0);
  atomic_store(&client->rate, rate);
  atomic_store(&client->period_frames, period_frames);
}

void pcmio_jack_client_state(const pcmio_jack_client *client, pcmio_jack_state *state) {
  *state = (pcmio_jack_state){
      .lost = atomic_load(&client->lost),
      .code = atomic_load(&client->code),
      .rate = atomic_load(&client->rate),
      .period_frames = atomic_load(&client->period_frames),
  };
}

/* Waits until the last change has been worked in; false: the server does not say so. */
static bool graph_is_in_order(const pcmio_jack_client *client, int64_t timeout_nanos) {
  uint64_t begin = pcmio_clock_nanos();
  while (atomic_load(&client->orders) == client->changed && atomic_load(&client->lost) == 0) {
    if (pcmio_clock_nanos() - begin >= (uint64_t)timeout_nanos) {
      return false;
    }
    pcmio_sleep_nanos(WAIT_STEP_NANOS);
  }
  return true;
}

/* When the graph was put in order, libjack walks over the client's ports on its thread for notifications, and the list
 * is guarded by nothing (jackd2 1.9.21; jackd1 0.126 likewise): a port that goes at that moment makes it read freed
 * memory.  So each port goes when the change before it has been worked in: the caller may be held up for longer than a
 * cycle between any look at the time and the call. */
void pcmio_jack_changing(pcmio_jack_client *client) { client->changed = atomic_load(&client->orders); }

uint32_t pcmio_jack_unregister(pcmio_jack_client *client, void *const *ports, uint32_t count, int64_t timeout_nanos) {
  uint32_t refused = 0;
  bool patient = true;
  for (uint32_t i = 0; i < count && atomic_load(&client->lost) == 0; i++) {
    patient = patient && graph_is_in_order(client, timeout_nanos);
    pcmio_jack_changing(client);
    if (atomic_load(&client->lost) == 0 && client->api.port_unregister(client->handle, ports[i]) != 0) {
      refused++;
    }
  }
  return refused;
}

static void set_ports(pcmio_jack_side *side, uint32_t channels, void *const *ports) {
  side->channels = channels;
  atomic_init(&side->latency_frames, PCMIO_JACK_UNMEASURED);
  for (uint32_t channel = 0; channel < channels; channel++) {
    side->ports[channel] = ports[channel];
  }
}

pcmio_jack_stream *pcmio_jack_stream_new(pcmio_pump *pump, uint32_t inputs, void *const *in_ports, uint32_t outputs,
                                         void *const *out_ports) {
  pcmio_jack_stream *stream = NULL;
  if (inputs <= PCMIO_JACK_CHANNELS && outputs <= PCMIO_JACK_CHANNELS) {
    stream = calloc(1, sizeof *stream);
  }
  if (stream != NULL) {
    stream->pump = pump;
    set_ports(&stream->in, inputs, in_ports);
    set_ports(&stream->out, outputs, out_ports);
  }
  return stream;
}

void pcmio_jack_stream_free(pcmio_jack_stream *stream) { free(stream); }

void pcmio_jack_stream_belongs(pcmio_jack_stream *stream, const char *name) {
  atomic_store(&stream->owner, name == NULL ? 0 : pcmio_jack_name_hash(name));
}

void pcmio_jack_stream_measure(pcmio_jack_client *client, pcmio_jack_stream *stream) {
  if (atomic_load(&client->lost) == 0) {
    pcmio_jack_measure(client, stream, 0, false);
    pcmio_jack_measure(client, stream, 1, false);
  }
}

int32_t pcmio_jack_join(pcmio_jack_client *client, pcmio_jack_stream *stream) {
  if (!pcmio_roster_add(&client->streams, stream)) {
    return -1;
  }
  if (atomic_load(&client->lost) != 0) {
    pcmio_jack_tell_lost(client, stream);
  }
  return 0;
}

/* The output ports keep what was last written to them until JACK has forgotten them: that must be silence.  A server
 * that does not cycle (frozen, or gone without a word) is waited for no longer than this. */
static void wait_until_silent(const pcmio_jack_client *client, pcmio_jack_stream *stream, int64_t timeout_nanos) {
  atomic_store_explicit(&stream->retiring, 1, memory_order_release);
  uint64_t begin = pcmio_clock_nanos();
  while (stream->out.channels != 0 && atomic_load_explicit(&stream->retired, memory_order_acquire) == 0 &&
         atomic_load(&client->lost) == 0 && pcmio_clock_nanos() - begin < (uint64_t)timeout_nanos) {
    pcmio_sleep_nanos(WAIT_STEP_NANOS);
  }
}

int32_t pcmio_jack_leave(pcmio_jack_client *client, pcmio_jack_stream *stream, int64_t silence_nanos,
                         int64_t quiet_nanos) {
  wait_until_silent(client, stream, silence_nanos);
  pcmio_roster_remove(&client->streams, stream);
  uint64_t begin = pcmio_clock_nanos();
  while (!pcmio_roster_quiet(&client->streams)) {
    if (pcmio_clock_nanos() - begin >= (uint64_t)quiet_nanos) {
      return -1;
    }
    pcmio_sleep_nanos(WAIT_STEP_NANOS);
  }
  return 0;
}
