/* Notes: many writers, one reader. */
#include "notes.h"

#include <pthread.h>
#include <sched.h>

#include "check.h"

#define WRITERS 4u
#define NOTES_EACH 100000u

static pcmio_notes notes;

static pcmio_note numbered(uint32_t kind, uint64_t value) {
  return (pcmio_note){.kind = kind, .code = -(int32_t)kind, .value = value};
}

static void notes_come_in_order_and_whole(void) {
  pcmio_note note;
  pcmio_notes_init(&notes);
  CHECK(!pcmio_notes_take(&notes, &note));
  for (uint64_t round = 0; round < 1000; round++) {
    for (uint32_t i = 0; i < 1 + round % PCMIO_NOTES; i++) {
      CHECK(pcmio_notes_put(&notes, numbered(i, round)));
    }
    for (uint32_t i = 0; i < 1 + round % PCMIO_NOTES; i++) {
      CHECK(pcmio_notes_take(&notes, &note));
      CHECK_EQUAL(note.kind, i);
      CHECK_EQUAL(note.code, -(int64_t)i);
      CHECK_EQUAL(note.value, round);
    }
    CHECK(!pcmio_notes_take(&notes, &note));
  }
}

static void a_full_queue_drops_the_newest_and_counts(void) {
  pcmio_note note;
  pcmio_notes_init(&notes);
  for (uint32_t i = 0; i < PCMIO_NOTES + 10; i++) {
    CHECK(pcmio_notes_put(&notes, numbered(1, i)) == (i < PCMIO_NOTES));
  }
  CHECK_EQUAL(atomic_load(&notes.dropped), 10);
  for (uint32_t i = 0; i < PCMIO_NOTES; i++) {
    CHECK(pcmio_notes_take(&notes, &note));
    CHECK_EQUAL(note.value, i);
  }
  CHECK(!pcmio_notes_take(&notes, &note));
  CHECK(pcmio_notes_put(&notes, numbered(1, 99)));
  CHECK(pcmio_notes_take(&notes, &note));
  CHECK_EQUAL(note.value, 99);
}

static void places_are_found_when_their_numbers_wrap(void) {
  pcmio_note note;
  pcmio_notes_init(&notes);
  uint32_t start = UINT32_MAX - PCMIO_NOTES * 2 + 1;
  for (uint32_t i = 0; i < PCMIO_NOTES; i++) {
    atomic_store(&notes.records[i].turn, start + i);
  }
  atomic_store(&notes.head, start);
  notes.tail = start;
  for (uint32_t i = 0; i < PCMIO_NOTES * 5; i++) {
    CHECK(pcmio_notes_put(&notes, numbered(2, i)));
    CHECK(pcmio_notes_take(&notes, &note));
    CHECK_EQUAL(note.value, i);
  }
}

/* --- many threads ------------------------------------------------------------------------------------------------- */

static _Atomic uint32_t finished;
static uint64_t accepted[WRITERS]; /* each its own writer's, read when that has ended */

static void *write_notes(void *argument) {
  uint32_t writer = *(const uint32_t *)argument;
  for (uint64_t i = 0; i < NOTES_EACH; i++) {
    if (pcmio_notes_put(&notes, numbered(writer, i))) {
      accepted[writer]++;
    } else if (i % 8 == 0) {
      sched_yield();
    }
  }
  atomic_fetch_add(&finished, 1);
  return NULL;
}

static void every_note_is_taken_once_or_counted(void) {
  pthread_t threads[WRITERS];
  uint32_t numbers[WRITERS];
  uint64_t next[WRITERS] = {0};
  uint64_t taken[WRITERS] = {0};
  uint64_t put = 0;
  pcmio_notes_init(&notes);
  for (uint32_t i = 0; i < WRITERS; i++) {
    numbers[i] = i;
    CHECK_EQUAL(pthread_create(&threads[i], NULL, write_notes, &numbers[i]), 0);
  }
  for (bool last = false;;) {
    pcmio_note note;
    if (pcmio_notes_take(&notes, &note)) {
      CHECK(note.kind < WRITERS);
      CHECK_EQUAL(note.code, -(int64_t)note.kind);
      CHECK(note.value >= next[note.kind]); /* each writer's own come in its order */
      next[note.kind] = note.value + 1;
      taken[note.kind]++;
    } else if (last) {
      break;
    } else {
      last = atomic_load(&finished) == WRITERS;
      sched_yield();
    }
  }
  for (uint32_t i = 0; i < WRITERS; i++) {
    CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
    CHECK_EQUAL(taken[i], accepted[i]);
    CHECK(taken[i] > 0);
    put += accepted[i];
  }
  CHECK_EQUAL(put + atomic_load(&notes.dropped), (uint64_t)WRITERS * NOTES_EACH);
}

int main(void) {
  RUN(notes_come_in_order_and_whole);
  RUN(a_full_queue_drops_the_newest_and_counts);
  RUN(places_are_found_when_their_numbers_wrap);
  RUN(every_note_is_taken_once_or_counted);
  return 0;
}
