#include "roster.h"

#include <stddef.h>

bool pcmio_roster_add(pcmio_roster *roster, void *entry) {
  for (uint32_t i = 0; i < PCMIO_ROSTER; i++) {
    if (atomic_load_explicit(&roster->entries[i], memory_order_relaxed) == NULL) {
      atomic_store_explicit(&roster->entries[i], entry, memory_order_release);
      if (i >= atomic_load_explicit(&roster->end, memory_order_relaxed)) {
        atomic_store_explicit(&roster->end, i + 1, memory_order_release);
      }
      return true;
    }
  }
  return false;
}

void pcmio_roster_remove(pcmio_roster *roster, const void *entry) {
  for (uint32_t i = 0; i < PCMIO_ROSTER; i++) {
    if (atomic_load_explicit(&roster->entries[i], memory_order_relaxed) == entry) {
      /* Sequentially consistent, as is `inside`: either the walker sees NULL, or the remover sees the walker. */
      atomic_store(&roster->entries[i], NULL);
    }
  }
}

bool pcmio_roster_quiet(const pcmio_roster *roster) { return atomic_load(&roster->inside) == 0; }

uint32_t pcmio_roster_enter(pcmio_roster *roster) {
  atomic_fetch_add(&roster->inside, 1);
  return atomic_load_explicit(&roster->end, memory_order_acquire);
}

void *pcmio_roster_entry(pcmio_roster *roster, uint32_t index) { return atomic_load(&roster->entries[index]); }

void pcmio_roster_leave(pcmio_roster *roster) { atomic_fetch_sub(&roster->inside, 1); }
