/* Frames and times: exact conversion, and an anchor that is never read half. */
#include "clock.h"

#include <pthread.h>

#include "check.h"

#define WRITES 1000000u
#define RATE 48000u

static void frames_become_nanoseconds_to_the_nearest(void) {
  CHECK_EQUAL(pcmio_frames_nanos(0, 44100), 0);
  CHECK_EQUAL(pcmio_frames_nanos(1, 44100), 22676); /* 22675.7 */
  CHECK_EQUAL(pcmio_frames_nanos(2, 44100), 45351); /* 45351.5 less a bit: 45351.47 */
  CHECK_EQUAL(pcmio_frames_nanos(44100, 44100), 1000000000);
  CHECK_EQUAL(pcmio_frames_nanos(1, 768000), 1302); /* 1302.08 */
  CHECK_EQUAL(pcmio_frames_nanos(1, UINT32_MAX), 0);
  CHECK_EQUAL(pcmio_frames_nanos(1, 1), 1000000000);
}

static void two_centuries_of_frames_do_not_overflow(void) {
  uint64_t seconds = (uint64_t)200 * 366 * 24 * 3600;
  CHECK_EQUAL(pcmio_frames_nanos(seconds * 192000 + 96000, 192000), seconds * 1000000000 + 500000000);
}

static void an_anchor_tells_times_before_and_after_it(void) {
  pcmio_anchor anchor = {0};
  uint64_t nanos = 7;
  CHECK(!pcmio_anchor_time(&anchor, 0, RATE, &nanos));
  CHECK_EQUAL(nanos, 7);
  pcmio_anchor_set(&anchor, 96000, 5000000000);
  CHECK(pcmio_anchor_time(&anchor, 96000, RATE, &nanos));
  CHECK_EQUAL(nanos, 5000000000);
  CHECK(pcmio_anchor_time(&anchor, 96048, RATE, &nanos));
  CHECK_EQUAL(nanos, 5001000000);
  CHECK(pcmio_anchor_time(&anchor, 48000, RATE, &nanos));
  CHECK_EQUAL(nanos, 4000000000);
  pcmio_anchor_forget(&anchor);
  CHECK(!pcmio_anchor_time(&anchor, 96000, RATE, &nanos));
}

/* --- two threads -------------------------------------------------------------------------------------------------- */

static pcmio_anchor shared;
static _Atomic bool was_told;
static _Atomic bool stop;
static uint64_t written;

static void *write_anchors(void *argument) {
  (void)argument;
  while (written < WRITES || !atomic_load(&was_told)) { /* on a busy machine the reader may come late */
    written++;
    pcmio_anchor_set(&shared, written * RATE, written * 1000000000); /* halves of two would not fit each other */
  }
  atomic_store(&stop, true);
  return NULL;
}

static void a_reader_never_sees_halves_of_two_writes(void) {
  pthread_t writer;
  uint64_t latest = 0;
  CHECK_EQUAL(pthread_create(&writer, NULL, write_anchors, NULL), 0);
  while (!atomic_load(&stop)) {
    uint64_t zero = 1;
    /* Every anchor places frame 0 at time 0. */
    if (pcmio_anchor_time(&shared, 0, RATE, &zero)) {
      CHECK_EQUAL(zero, 0);
      atomic_store(&was_told, true);
    }
    uint64_t frame = atomic_load(&shared.frame);
    CHECK(frame >= latest);
    latest = frame;
  }
  CHECK_EQUAL(pthread_join(writer, NULL), 0);
  uint64_t nanos = 0;
  CHECK(pcmio_anchor_time(&shared, written * RATE, RATE, &nanos));
  CHECK_EQUAL(nanos, written * 1000000000);
}

int main(void) {
  RUN(frames_become_nanoseconds_to_the_nearest);
  RUN(two_centuries_of_frames_do_not_overflow);
  RUN(an_anchor_tells_times_before_and_after_it);
  RUN(a_reader_never_sees_halves_of_two_writes);
  return 0;
}
