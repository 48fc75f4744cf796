/* The ring: one writer and one reader, on one thread and on two. */
#include "ring.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "check.h"

#define CHANNELS 3u
#define MILLION 1000000u
#define FRAME_BYTES (CHANNELS * (uint32_t)sizeof(uint32_t))

static pcmio_ring make_ring(uint32_t slot_frames, uint32_t slots) {
  pcmio_ring ring = {.frame_bytes = FRAME_BYTES, .slot_frames = slot_frames, .slots = slots};
  ring.capacity = slot_frames * slots;
  ring.data = calloc(ring.capacity, ring.frame_bytes);
  CHECK(ring.data != NULL);
  return ring;
}

/* Each sample of frame `at` says which one it is. */
static uint32_t sample_of(uint64_t at, uint32_t channel) { return (uint32_t)at * CHANNELS + channel; }

static uint32_t write_some(pcmio_ring *ring, uint64_t at, uint32_t wanted) {
  uint32_t count = wanted;
  uint32_t *piece = (uint32_t *)(void *)pcmio_ring_write_piece(ring, &count);
  for (uint32_t i = 0; i < count * CHANNELS; i++) {
    piece[i] = sample_of(at + i / CHANNELS, i % CHANNELS);
  }
  pcmio_ring_did_write(ring, count);
  return count;
}

static uint32_t read_some(pcmio_ring *ring, uint64_t at, uint32_t wanted) {
  uint32_t count = wanted;
  const uint32_t *piece = (const uint32_t *)(const void *)pcmio_ring_read_piece(ring, &count);
  for (uint32_t i = 0; i < count * CHANNELS; i++) {
    CHECK_EQUAL(piece[i], sample_of(at + i / CHANNELS, i % CHANNELS));
  }
  pcmio_ring_did_read(ring, count);
  return count;
}

static void a_new_ring_is_empty(void) {
  pcmio_ring ring = make_ring(4, 3);
  uint32_t count = 5;
  CHECK_EQUAL(pcmio_ring_readable(&ring), 0);
  CHECK_EQUAL(pcmio_ring_writable(&ring), 12);
  pcmio_ring_read_piece(&ring, &count);
  CHECK_EQUAL(count, 0);
  free(ring.data);
}

static void pieces_end_where_the_memory_ends(void) {
  pcmio_ring ring = make_ring(4, 3);
  uint32_t count = 9;
  CHECK_EQUAL(write_some(&ring, 0, 10), 10);
  CHECK_EQUAL(read_some(&ring, 0, 7), 7);
  CHECK_EQUAL(write_some(&ring, 10, 9), 2); /* to the end */
  CHECK(pcmio_ring_write_piece(&ring, &count) == ring.data);
  CHECK_EQUAL(count, 7); /* up to the reader */
  CHECK_EQUAL(write_some(&ring, 12, 9), 7);
  CHECK_EQUAL(pcmio_ring_writable(&ring), 0);
  CHECK_EQUAL(write_some(&ring, 19, 1), 0);
  CHECK_EQUAL(read_some(&ring, 7, 100), 5);
  CHECK_EQUAL(read_some(&ring, 12, 100), 7);
  CHECK_EQUAL(pcmio_ring_readable(&ring), 0);
  free(ring.data);
}

static void clearing_goes_on_at_the_beginning_of_a_slot(void) {
  for (uint32_t frames = 0; frames <= 12; frames++) {
    pcmio_ring ring = make_ring(4, 3);
    uint32_t count = 12;
    write_some(&ring, 0, frames);
    pcmio_ring_clear(&ring);
    CHECK_EQUAL(pcmio_ring_readable(&ring), 0);
    CHECK_EQUAL(pcmio_ring_writable(&ring), 12);
    uint64_t place = (uint64_t)(pcmio_ring_write_piece(&ring, &count) - ring.data);
    CHECK_EQUAL(place, (frames + 3) / 4 % 3 * 4 * FRAME_BYTES);
    free(ring.data);
  }
}

/* --- two threads -------------------------------------------------------------------------------------------------- */

typedef struct {
  pcmio_ring *ring;
  uint64_t frames;
  uint32_t whole_slots; /* 1: as Python does, 0: any number */
} mover;

static uint32_t next_count(const mover *side, uint32_t *random) {
  return side->whole_slots ? side->ring->slot_frames : 1 + next_random(random) % (side->ring->capacity + 3);
}

static void *write_all(void *argument) {
  const mover *side = argument;
  uint32_t random = 1;
  for (uint64_t at = 0; at < side->frames;) {
    uint32_t wanted = next_count(side, &random);
    if (side->frames - at < wanted) {
      wanted = (uint32_t)(side->frames - at);
    }
    if (side->whole_slots && pcmio_ring_writable(side->ring) < wanted) {
      sched_yield();
      continue;
    }
    uint32_t written = write_some(side->ring, at, wanted);
    at += written;
    if (written == 0) {
      sched_yield();
    }
  }
  return NULL;
}

static void *read_all(void *argument) {
  const mover *side = argument;
  uint32_t random = 2;
  for (uint64_t at = 0; at < side->frames;) {
    uint32_t wanted = next_count(side, &random);
    if (side->whole_slots && pcmio_ring_readable(side->ring) < wanted && side->frames - at >= wanted) {
      sched_yield();
      continue;
    }
    uint32_t taken = read_some(side->ring, at, wanted);
    at += taken;
    if (taken == 0) {
      sched_yield();
    }
  }
  return NULL;
}

static void exchange(uint32_t frames_about, uint32_t slot_frames, uint32_t slots, uint32_t writer_by_slots,
                     uint32_t reader_by_slots) {
  pcmio_ring ring = make_ring(slot_frames, slots);
  uint64_t frames = (uint64_t)slot_frames * (frames_about / slot_frames);
  mover writer = {&ring, frames, writer_by_slots};
  mover reader = {&ring, frames, reader_by_slots};
  pthread_t thread;
  CHECK_EQUAL(pthread_create(&thread, NULL, write_all, &writer), 0);
  read_all(&reader);
  CHECK_EQUAL(pthread_join(thread, NULL), 0);
  CHECK_EQUAL(pcmio_ring_readable(&ring), 0);
  free(ring.data);
}

static void two_threads_lose_nothing_with_any_sizes(void) {
  exchange(50000, 1, 1, 0, 0); /* the threads take turns at each */
  exchange(MILLION, 7, 5, 0, 0);
  exchange(MILLION, 256, 4, 0, 0);
}

static void two_threads_lose_nothing_with_slots_on_one_side(void) {
  exchange(MILLION, 64, 2, 1, 0);
  exchange(MILLION, 33, 3, 0, 1);
  exchange(MILLION, 480, 3, 1, 0);
}

static _Atomic uint32_t ending;

static void *write_and_read(void *argument) {
  pcmio_ring *ring = argument;
  while (atomic_load(&ending) == 0) {
    pcmio_ring_did_write(ring, 4);
    pcmio_ring_did_read(ring, 4);
  }
  return NULL;
}

static void a_third_thread_never_sees_more_than_there_is(void) {
  pcmio_ring ring = make_ring(4, 1);
  pthread_t thread;
  CHECK_EQUAL(pthread_create(&thread, NULL, write_and_read, &ring), 0);
  for (uint32_t look = 0; look < MILLION; look++) {
    CHECK(pcmio_ring_held(&ring) <= 4);
  }
  atomic_store(&ending, 1);
  CHECK_EQUAL(pthread_join(thread, NULL), 0);
  CHECK_EQUAL(pcmio_ring_held(&ring), 0);
  free(ring.data);
}

int main(void) {
  RUN(a_third_thread_never_sees_more_than_there_is);
  RUN(a_new_ring_is_empty);
  RUN(pieces_end_where_the_memory_ends);
  RUN(clearing_goes_on_at_the_beginning_of_a_slot);
  RUN(two_threads_lose_nothing_with_any_sizes);
  RUN(two_threads_lose_nothing_with_slots_on_one_side);
  return 0;
}
