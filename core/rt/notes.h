/* What native threads have to tell a Python thread: a bounded queue, many writers, one reader.
 *
 * Each record has a turn number (Dmitry Vyukov's bounded queue): a writer claims a place by adding to `head`, fills it,
 * and publishes it by raising its turn.  A full queue drops the note and counts it; nobody waits. */
#ifndef PCMIO_NOTES_H
#define PCMIO_NOTES_H

#include <stdatomic.h>
#include <stdbool.h>

#include "pcmio.h"

#define PCMIO_NOTES 64 /* a power of two */

typedef struct {
  _Atomic uint32_t turn;
  pcmio_note note;
} pcmio_note_record;

typedef struct {
  pcmio_note_record records[PCMIO_NOTES];
  _Atomic uint32_t head; /* next place to claim */
  uint32_t tail;         /* next place to take; the reader's own */
  _Atomic uint64_t dropped;
} pcmio_notes;

void pcmio_notes_init(pcmio_notes *notes);
bool pcmio_notes_put(pcmio_notes *notes, pcmio_note note);
bool pcmio_notes_ready(const pcmio_notes *notes); /* reader */
bool pcmio_notes_take(pcmio_notes *notes, pcmio_note *note);

#endif
