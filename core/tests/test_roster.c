/* The roster: entries come and go while an audio thread walks over them. */
#include "roster.h"

#include <pthread.h>
#include <sched.h>

#include "check.h"

#define ROUNDS 20000u

static void entries_are_found_until_removed(void) {
  static pcmio_roster roster;
  int one = 0;
  int two = 0;
  CHECK(pcmio_roster_add(&roster, &one));
  CHECK(pcmio_roster_add(&roster, &two));
  CHECK_EQUAL(pcmio_roster_enter(&roster), 2);
  CHECK(!pcmio_roster_quiet(&roster));
  CHECK(pcmio_roster_entry(&roster, 0) == &one);
  CHECK(pcmio_roster_entry(&roster, 1) == &two);
  pcmio_roster_leave(&roster);
  CHECK(pcmio_roster_quiet(&roster));
  pcmio_roster_remove(&roster, &one);
  CHECK_EQUAL(pcmio_roster_enter(&roster), 2);
  CHECK(pcmio_roster_entry(&roster, 0) == NULL);
  CHECK(pcmio_roster_entry(&roster, 1) == &two);
  pcmio_roster_leave(&roster);
}

static void a_full_roster_says_so_and_places_are_used_again(void) {
  static pcmio_roster roster;
  static char entries[PCMIO_ROSTER + 1];
  for (uint32_t i = 0; i < PCMIO_ROSTER; i++) {
    CHECK(pcmio_roster_add(&roster, &entries[i]));
  }
  CHECK(!pcmio_roster_add(&roster, &entries[PCMIO_ROSTER]));
  pcmio_roster_remove(&roster, &entries[100]);
  CHECK(pcmio_roster_add(&roster, &entries[PCMIO_ROSTER]));
  CHECK(pcmio_roster_entry(&roster, 100) == &entries[PCMIO_ROSTER]);
}

/* --- two threads -------------------------------------------------------------------------------------------------- */

static pcmio_roster shared;
static _Atomic bool stop;
static _Atomic uint64_t met;

static void *walk(void *argument) {
  (void)argument;
  while (!atomic_load(&stop)) {
    uint32_t end = pcmio_roster_enter(&shared);
    for (uint32_t i = 0; i < end; i++) {
      uint32_t *entry = pcmio_roster_entry(&shared, i);
      if (entry != NULL) {
        CHECK_EQUAL(*entry, 0x600d); /* a sanitizer would see that it was freed, or is just being written */
        atomic_fetch_add_explicit(&met, 1, memory_order_relaxed);
      }
    }
    pcmio_roster_leave(&shared);
  }
  return NULL;
}

static void what_was_removed_is_not_touched_once_it_is_quiet(void) {
  pthread_t walker;
  CHECK_EQUAL(pthread_create(&walker, NULL, walk, NULL), 0);
  for (uint32_t round = 0; round < ROUNDS; round++) {
    uint32_t *entry = malloc(sizeof *entry);
    CHECK(entry != NULL);
    *entry = 0x600d;
    CHECK(pcmio_roster_add(&shared, entry));
    if (round % 64 == 0) {
      for (uint64_t before = atomic_load(&met); atomic_load(&met) == before;) {
        sched_yield();
      }
    }
    pcmio_roster_remove(&shared, entry);
    while (!pcmio_roster_quiet(&shared)) {
      sched_yield();
    }
    *entry = 0xdead;
    free(entry);
  }
  atomic_store(&stop, true);
  CHECK_EQUAL(pthread_join(walker, NULL), 0);
}

int main(void) {
  RUN(entries_are_found_until_removed);
  RUN(a_full_roster_says_so_and_places_are_used_again);
  RUN(what_was_removed_is_not_touched_once_it_is_quiet);
  return 0;
}
