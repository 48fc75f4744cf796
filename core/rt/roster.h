/* Who is served by one native callback: entries that Python adds and removes while the audio thread walks over them. */
#ifndef PCMIO_ROSTER_H
#define PCMIO_ROSTER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define PCMIO_ROSTER 256

typedef struct {
  _Atomic(void *) entries[PCMIO_ROSTER];
  _Atomic uint32_t end;    /* no entry stands at or after it */
  _Atomic uint32_t inside; /* audio threads that walk now */
} pcmio_roster;

/* Python's side, under one lock. */
bool pcmio_roster_add(pcmio_roster *roster, void *entry);
void pcmio_roster_remove(pcmio_roster *roster, const void *entry); /* then wait until nobody is inside */
bool pcmio_roster_quiet(const pcmio_roster *roster);

/* The audio thread's: enter, take the entries below `end` one by one (some are NULL), leave. */
uint32_t pcmio_roster_enter(pcmio_roster *roster);
void *pcmio_roster_entry(pcmio_roster *roster, uint32_t index);
void pcmio_roster_leave(pcmio_roster *roster);

#endif
