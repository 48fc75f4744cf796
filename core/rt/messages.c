/* Text that native libraries would print, kept for Python's logging.
 *
 * libjack's hooks take no user data and may be called from any of its threads, so the queue is one for the process. */
#include <stdatomic.h>

#include "pcmio.h"

#define MESSAGES 64u

typedef struct {
  _Atomic uint32_t state; /* FREE, FILLING, INFO or ERROR */
  char text[PCMIO_MESSAGE_BYTES];
} message;

enum { FREE = 0, INFO = 1, ERROR = 2, FILLING = 3 };

static message messages[MESSAGES];
static _Atomic uint32_t next_put;
static _Atomic uint32_t next_take;
static _Atomic uint32_t dropped;

static void put(const char *text, uint32_t kind) {
  uint32_t free_state = FREE;
  message *place = &messages[atomic_fetch_add_explicit(&next_put, 1, memory_order_relaxed) % MESSAGES];
  if (!atomic_compare_exchange_strong_explicit(&place->state, &free_state, FILLING, memory_order_acquire,
                                               memory_order_relaxed)) {
    atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
    return;
  }
  uint32_t length = 0;
  while (length < PCMIO_MESSAGE_BYTES - 1 && text[length] != '\0') {
    place->text[length] = text[length];
    length++;
  }
  place->text[length] = '\0';
  atomic_store_explicit(&place->state, kind, memory_order_release);
}

void pcmio_message_error(const char *text) { put(text, ERROR); }

void pcmio_message_info(const char *text) { put(text, INFO); }

int32_t pcmio_message_take(char *text) {
  /* Places are claimed in turn, so the oldest is at or after next_take; those that a full queue refused are passed. */
  for (uint32_t step = 0; step < MESSAGES; step++) {
    uint32_t at = atomic_load_explicit(&next_take, memory_order_relaxed) + step;
    message *place = &messages[at % MESSAGES];
    uint32_t kind = atomic_load_explicit(&place->state, memory_order_acquire);
    if ((kind == INFO || kind == ERROR) &&
        atomic_compare_exchange_strong_explicit(&place->state, &kind, FILLING, memory_order_acquire,
                                                memory_order_relaxed)) {
      for (uint32_t i = 0; i < PCMIO_MESSAGE_BYTES; i++) {
        text[i] = place->text[i];
      }
      atomic_store_explicit(&next_take, at + 1, memory_order_relaxed);
      atomic_store_explicit(&place->state, FREE, memory_order_release);
      return (int32_t)kind;
    }
  }
  return 0;
}

uint32_t pcmio_messages_dropped(void) { return atomic_exchange_explicit(&dropped, 0, memory_order_relaxed); }
