/* A client that only watches: libjack's threads tell, a Python thread asks. */
#include <pthread.h>
#include <string.h>

#include "check.h"
#include "pcmio_systems.h"

#define ROUNDS 20000u

typedef struct {
  pcmio_jack_watch *watch;
  const char *name;
} teller;

static void *tell(void *argument) {
  const teller *who = argument;
  for (uint32_t i = 0; i < ROUNDS; i++) {
    pcmio_jack_watch_port(i, (int32_t)(i & 1), who->watch);
    pcmio_jack_watch_client(who->name, (int32_t)(i & 1), who->watch);
  }
  return NULL;
}

static void names_have_the_hash_that_others_know(void) {
  CHECK(pcmio_jack_name_hash("") == 14695981039346656037u);
  CHECK(pcmio_jack_name_hash("a") == 0xaf63dc4c8601ec8cu);
  CHECK(pcmio_jack_name_hash("foobar") == 0x85944171f73967e8u);
}

static void every_change_wakes_and_counts(void) {
  pcmio_wakeup *wakeup = pcmio_wakeup_new();
  pcmio_jack_watch *watch = pcmio_jack_watch_new(wakeup);
  CHECK(watch != NULL);
  CHECK_EQUAL(pcmio_wakeup_wait(wakeup, 0), 0);
  pcmio_jack_watch_port(1, 1, watch);
  CHECK_EQUAL(pcmio_wakeup_wait(wakeup, 0), 1);
  CHECK_EQUAL(pcmio_jack_watch_changes(watch), 1);
  pcmio_jack_watch_client("loop", 1, watch);
  CHECK(pcmio_jack_watch_left(watch) == 0);
  pcmio_jack_watch_client("loop", 0, watch);
  CHECK_EQUAL(pcmio_jack_watch_changes(watch), 3);
  CHECK(pcmio_jack_watch_left(watch) == pcmio_jack_name_hash("loop"));
  CHECK(pcmio_jack_watch_left(watch) == 0);
  pcmio_jack_watch_free(watch);
  pcmio_wakeup_free(wakeup);
}

static void the_end_of_the_server_is_told_with_its_code_and_words(void) {
  pcmio_wakeup *wakeup = pcmio_wakeup_new();
  pcmio_jack_watch *watch = pcmio_jack_watch_new(wakeup);
  CHECK_EQUAL(pcmio_jack_watch_lost(watch), 0);
  pcmio_jack_watch_shutdown(0x21, "it was killed", watch);
  CHECK_EQUAL(pcmio_wakeup_wait(wakeup, 0), 1);
  CHECK_EQUAL(pcmio_jack_watch_lost(watch), 1);
  CHECK_EQUAL(pcmio_jack_watch_code(watch), 0x21);
  char text[PCMIO_MESSAGE_BYTES];
  CHECK(pcmio_message_take(text) != 0);
  CHECK(strcmp(text, "it was killed") == 0);
  pcmio_jack_watch_free(watch);
  pcmio_wakeup_free(wakeup);
}

static void threads_may_tell_at_once_while_another_asks(void) {
  pcmio_wakeup *wakeup = pcmio_wakeup_new();
  pcmio_jack_watch *watch = pcmio_jack_watch_new(wakeup);
  teller tellers[2] = {{watch, "one"}, {watch, "other"}};
  pthread_t threads[2];
  for (uint32_t i = 0; i < 2; i++) {
    CHECK_EQUAL(pthread_create(&threads[i], NULL, tell, &tellers[i]), 0);
  }
  while (pcmio_jack_watch_changes(watch) < 4 * ROUNDS) {
    pcmio_wakeup_wait(wakeup, 1000000);
    for (uint64_t left = pcmio_jack_watch_left(watch); left != 0; left = pcmio_jack_watch_left(watch)) {
      CHECK(left == pcmio_jack_name_hash("one") || left == pcmio_jack_name_hash("other"));
    }
  }
  for (uint32_t i = 0; i < 2; i++) {
    CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
  }
  pcmio_jack_watch_free(watch);
  pcmio_wakeup_free(wakeup);
}

int main(void) {
  RUN(names_have_the_hash_that_others_know);
  RUN(every_change_wakes_and_counts);
  RUN(the_end_of_the_server_is_told_with_its_code_and_words);
  RUN(threads_may_tell_at_once_while_another_asks);
  return 0;
}
