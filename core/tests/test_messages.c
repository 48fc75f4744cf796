/* Messages of native libraries: kept in order, cut, counted when dropped; from many threads. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "check.h"
#include "pcmio.h"

#define ROOM 64u /* messages that find room */
#define WRITERS 3u
#define EACH 20000u

static void messages_come_in_order_with_their_kind(void) {
  char text[PCMIO_MESSAGE_BYTES];
  CHECK_EQUAL(pcmio_message_take(text), 0);
  for (uint32_t round = 0; round < 200; round++) {
    pcmio_message_info("first");
    pcmio_message_error("second");
    CHECK_EQUAL(pcmio_message_take(text), 1);
    CHECK(strcmp(text, "first") == 0);
    CHECK_EQUAL(pcmio_message_take(text), 2);
    CHECK(strcmp(text, "second") == 0);
    CHECK_EQUAL(pcmio_message_take(text), 0);
  }
}

static void a_long_message_is_cut(void) {
  char text[PCMIO_MESSAGE_BYTES];
  char longer[PCMIO_MESSAGE_BYTES * 2];
  memset(longer, 'x', sizeof longer);
  longer[sizeof longer - 1] = '\0';
  pcmio_message_error(longer);
  CHECK_EQUAL(pcmio_message_take(text), 2);
  CHECK_EQUAL(strlen(text), PCMIO_MESSAGE_BYTES - 1);
}

static void what_finds_no_room_is_counted(void) {
  char text[PCMIO_MESSAGE_BYTES];
  CHECK_EQUAL(pcmio_messages_dropped(), 0);
  for (uint32_t i = 0; i < ROOM + 7; i++) {
    char number[2] = {(char)(' ' + i), '\0'};
    pcmio_message_info(number);
  }
  for (uint32_t i = 0; i < ROOM; i++) {
    CHECK_EQUAL(pcmio_message_take(text), 1);
    CHECK_EQUAL(text[0], ' ' + i);
  }
  CHECK_EQUAL(pcmio_message_take(text), 0);
  CHECK_EQUAL(pcmio_messages_dropped(), 7);
  CHECK_EQUAL(pcmio_messages_dropped(), 0);
  pcmio_message_info("afterwards");
  CHECK_EQUAL(pcmio_message_take(text), 1);
  CHECK(strcmp(text, "afterwards") == 0);
}

/* --- many threads ------------------------------------------------------------------------------------------------- */

static _Atomic uint32_t finished;

static void *talk(void *argument) {
  /* Half a message of one and half of another would have two letters. */
  char text[100];
  memset(text, *(const char *)argument, sizeof text);
  text[sizeof text - 1] = '\0';
  for (uint32_t i = 0; i < EACH; i++) {
    pcmio_message_error(text);
  }
  atomic_fetch_add(&finished, 1);
  return NULL;
}

static void every_message_is_whole_or_counted(void) {
  pthread_t threads[WRITERS];
  char letters[WRITERS] = {'a', 'b', 'c'};
  char text[PCMIO_MESSAGE_BYTES];
  uint32_t taken = 0;
  for (uint32_t i = 0; i < WRITERS; i++) {
    CHECK_EQUAL(pthread_create(&threads[i], NULL, talk, &letters[i]), 0);
  }
  for (bool last = false;;) {
    if (pcmio_message_take(text) == 2) {
      CHECK_EQUAL(strspn(text, (char[2]){text[0], '\0'}), 99);
      CHECK_EQUAL(strlen(text), 99);
      taken++;
    } else if (last) {
      break;
    } else {
      last = atomic_load(&finished) == WRITERS;
    }
  }
  for (uint32_t i = 0; i < WRITERS; i++) {
    CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
  }
  CHECK(taken > 0);
  CHECK_EQUAL(taken + pcmio_messages_dropped(), WRITERS * EACH);
}

int main(void) {
  RUN(messages_come_in_order_with_their_kind);
  RUN(a_long_message_is_cut);
  RUN(what_finds_no_room_is_counted);
  RUN(every_message_is_whole_or_counted);
  return 0;
}
