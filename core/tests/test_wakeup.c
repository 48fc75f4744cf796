/* Waking: no post is lost, posts do not add up, time-outs are kept. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "check.h"
#include "pcmio.h"

#define ROUNDS 50000u
#define MILLISECOND UINT64_C(1000000)

static void a_post_before_the_wait_ends_it(void) {
  pcmio_wakeup *wakeup = pcmio_wakeup_new();
  CHECK(wakeup != NULL);
  pcmio_wakeup_post(wakeup);
  CHECK_EQUAL(pcmio_wakeup_wait(wakeup, -1), 1);
  CHECK_EQUAL(pcmio_wakeup_wait(wakeup, 0), 0);
  pcmio_wakeup_free(wakeup);
}

static void posts_do_not_add_up(void) {
  pcmio_wakeup *wakeup = pcmio_wakeup_new();
  for (uint32_t i = 0; i < 5; i++) {
    pcmio_wakeup_post(wakeup);
  }
  CHECK_EQUAL(pcmio_wakeup_wait(wakeup, 0), 1);
  CHECK_EQUAL(pcmio_wakeup_wait(wakeup, MILLISECOND), 0);
  pcmio_wakeup_free(wakeup);
}

static void a_wait_lasts_as_long_as_it_was_told(void) {
  pcmio_wakeup *wakeup = pcmio_wakeup_new();
  uint64_t begin = pcmio_clock_nanos();
  CHECK_EQUAL(pcmio_wakeup_wait(wakeup, 30 * MILLISECOND), 0);
  uint64_t waited = pcmio_clock_nanos() - begin;
  CHECK(waited >= 30 * MILLISECOND);
  CHECK(waited < 10000 * MILLISECOND);
  CHECK_EQUAL(pcmio_wakeup_wait(wakeup, 1), 0);
  pcmio_wakeup_post(wakeup);
  CHECK_EQUAL(pcmio_wakeup_wait(wakeup, INT64_MAX), 1);
  pcmio_wakeup_free(wakeup);
}

static void nothing_is_freed_for_nothing(void) { pcmio_wakeup_free(NULL); }

/* --- two threads -------------------------------------------------------------------------------------------------- */

typedef struct {
  pcmio_wakeup *there;
  pcmio_wakeup *back;
  _Atomic uint32_t number;
  int64_t timeout_nanos;
} table;

static void wait_for(pcmio_wakeup *wakeup, const table *game, uint32_t number) {
  while (atomic_load_explicit(&game->number, memory_order_relaxed) != number) {
    /* A lost post hangs here; the program's runner ends it. */
    pcmio_wakeup_wait(wakeup, game->timeout_nanos);
  }
}

static void *answer(void *argument) {
  table *game = argument;
  for (uint32_t i = 1; i < ROUNDS; i += 2) {
    wait_for(game->there, game, i);
    atomic_store_explicit(&game->number, i + 1, memory_order_relaxed);
    pcmio_wakeup_post(game->back);
  }
  return NULL;
}

static void play(int64_t timeout_nanos) {
  table game = {.there = pcmio_wakeup_new(), .back = pcmio_wakeup_new(), .timeout_nanos = timeout_nanos};
  pthread_t thread;
  CHECK_EQUAL(pthread_create(&thread, NULL, answer, &game), 0);
  for (uint32_t i = 0; i < ROUNDS; i += 2) {
    wait_for(game.back, &game, i);
    atomic_store_explicit(&game.number, i + 1, memory_order_relaxed);
    pcmio_wakeup_post(game.there);
  }
  CHECK_EQUAL(pthread_join(thread, NULL), 0);
  pcmio_wakeup_free(game.there);
  pcmio_wakeup_free(game.back);
}

static void two_threads_wake_each_other_for_ever(void) { play(-1); }

/* Time-outs that end while a post comes: the state must be right either way. */
static void time_outs_and_posts_at_the_same_moment(void) { play(20000); }

typedef struct {
  pcmio_wakeup *wakeup;
  _Atomic uint32_t posted;
} crowd;

static void *post_many(void *argument) {
  crowd *all = argument;
  for (uint32_t i = 0; i < ROUNDS; i++) {
    atomic_fetch_add_explicit(&all->posted, 1, memory_order_relaxed);
    pcmio_wakeup_post(all->wakeup);
  }
  return NULL;
}

static void the_last_of_many_posts_is_seen(void) {
  crowd all = {.wakeup = pcmio_wakeup_new()};
  pthread_t threads[3];
  for (uint32_t i = 0; i < 3; i++) {
    CHECK_EQUAL(pthread_create(&threads[i], NULL, post_many, &all), 0);
  }
  /* What was written before a post is visible after the wait that it ends. */
  while (atomic_load_explicit(&all.posted, memory_order_relaxed) != 3 * ROUNDS) {
    CHECK_EQUAL(pcmio_wakeup_wait(all.wakeup, -1), 1);
  }
  for (uint32_t i = 0; i < 3; i++) {
    CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
  }
  pcmio_wakeup_free(all.wakeup);
}

int main(void) {
  RUN(a_post_before_the_wait_ends_it);
  RUN(posts_do_not_add_up);
  RUN(a_wait_lasts_as_long_as_it_was_told);
  RUN(nothing_is_freed_for_nothing);
  RUN(two_threads_wake_each_other_for_ever);
  RUN(time_outs_and_posts_at_the_same_moment);
  RUN(the_last_of_many_posts_is_seen);
  return 0;
}
