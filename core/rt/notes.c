#include "notes.h"

void pcmio_notes_init(pcmio_notes *notes) {
  for (uint32_t i = 0; i < PCMIO_NOTES; i++) {
    atomic_init(&notes->records[i].turn, i);
  }
  atomic_init(&notes->head, 0);
  atomic_init(&notes->dropped, 0);
  notes->tail = 0;
}

bool pcmio_notes_put(pcmio_notes *notes, pcmio_note note) {
  uint32_t place = atomic_load_explicit(&notes->head, memory_order_relaxed);
  for (;;) {
    pcmio_note_record *record = &notes->records[place % PCMIO_NOTES];
    uint32_t turn = atomic_load_explicit(&record->turn, memory_order_acquire);
    int32_t ahead = (int32_t)(turn - place);
    if (ahead < 0) { /* the reader has not taken what stood here a round ago */
      atomic_fetch_add_explicit(&notes->dropped, 1, memory_order_relaxed);
      return false;
    }
    if (ahead > 0) { /* another writer was faster */
      place = atomic_load_explicit(&notes->head, memory_order_relaxed);
    } else if (atomic_compare_exchange_weak_explicit(&notes->head, &place, place + 1, memory_order_relaxed,
                                                     memory_order_relaxed)) {
      record->note = note;
      atomic_store_explicit(&record->turn, place + 1, memory_order_release);
      return true;
    }
  }
}

bool pcmio_notes_ready(const pcmio_notes *notes) {
  return atomic_load_explicit(&notes->records[notes->tail % PCMIO_NOTES].turn, memory_order_acquire) == notes->tail + 1;
}

bool pcmio_notes_take(pcmio_notes *notes, pcmio_note *note) {
  pcmio_note_record *record = &notes->records[notes->tail % PCMIO_NOTES];
  if (!pcmio_notes_ready(notes)) {
    return false;
  }
  *note = record->note;
  atomic_store_explicit(&record->turn, notes->tail + PCMIO_NOTES, memory_order_release);
  notes->tail++;
  return true;
}
