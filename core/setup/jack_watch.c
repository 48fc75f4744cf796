/* What libjack tells a client that only watches: ports and clients that come and go, and the end of the server.
 *
 * Its callbacks come on libjack's thread for notifications, and on jackd1 on the thread that would process too: they
 * keep to the rules of an audio thread.  Who asks what there is now is a Python thread that they wake. */
#include <stdlib.h>

#include "../rt/notes.h"
#include "pcmio_systems.h"

struct pcmio_jack_watch {
  pcmio_wakeup *wakeup;
  pcmio_notes left; /* clients that went: the hash of the name of each */
  _Atomic uint32_t changes;
  _Atomic uint32_t lost;
  _Atomic int32_t code;
};

pcmio_jack_watch *pcmio_jack_watch_new(pcmio_wakeup *wakeup) {
  pcmio_jack_watch *watch = calloc(1, sizeof *watch);
  if (watch != NULL) {
    watch->wakeup = wakeup;
    pcmio_notes_init(&watch->left);
  }
  return watch;
}

void pcmio_jack_watch_free(pcmio_jack_watch *watch) { free(watch); }

static void change(pcmio_jack_watch *watch) {
  atomic_fetch_add(&watch->changes, 1);
  pcmio_wakeup_post(watch->wakeup);
}

void pcmio_jack_watch_port(uint32_t port, int32_t registered, void *argument) {
  (void)port;
  (void)registered;
  change(argument);
}

void pcmio_jack_watch_client(const char *name, int32_t registered, void *argument) {
  pcmio_jack_watch *watch = argument;
  if (registered == 0) {
    pcmio_notes_put(&watch->left, (pcmio_note){.value = pcmio_jack_name_hash(name)});
  }
  change(watch);
}

void pcmio_jack_watch_gone(void *argument) {
  pcmio_jack_watch *watch = argument;
  atomic_store(&watch->lost, 1);
  pcmio_wakeup_post(watch->wakeup);
}

void pcmio_jack_watch_shutdown(uint32_t code, const char *reason, void *argument) {
  pcmio_jack_watch *watch = argument;
  if (reason != NULL && reason[0] != '\0') {
    pcmio_message_error(reason);
  }
  atomic_store(&watch->code, (int32_t)code);
  pcmio_jack_watch_gone(watch);
}

uint32_t pcmio_jack_watch_changes(const pcmio_jack_watch *watch) { return atomic_load(&watch->changes); }

uint64_t pcmio_jack_watch_left(pcmio_jack_watch *watch) {
  pcmio_note note;
  return pcmio_notes_take(&watch->left, &note) ? note.value : 0;
}

uint32_t pcmio_jack_watch_lost(const pcmio_jack_watch *watch) { return atomic_load(&watch->lost); }

int32_t pcmio_jack_watch_code(const pcmio_jack_watch *watch) { return atomic_load(&watch->code); }
