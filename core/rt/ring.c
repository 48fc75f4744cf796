#include "ring.h"

static uint32_t smaller(uint32_t one, uint32_t other) { return one < other ? one : other; }

uint32_t pcmio_ring_readable(const pcmio_ring *ring) {
  uint64_t read = atomic_load_explicit(&ring->read, memory_order_acquire);
  uint64_t written = atomic_load_explicit(&ring->written, memory_order_acquire);
  return (uint32_t)(written - read);
}

uint32_t pcmio_ring_held(const pcmio_ring *ring) {
  uint64_t read;
  uint64_t written;
  do { /* both sides may go on between two looks, by any number of cycles if this thread is held up there */
    read = atomic_load_explicit(&ring->read, memory_order_acquire);
    written = atomic_load_explicit(&ring->written, memory_order_acquire);
  } while (atomic_load_explicit(&ring->read, memory_order_acquire) != read);
  return (uint32_t)(written - read);
}

uint32_t pcmio_ring_writable(const pcmio_ring *ring) { return ring->capacity - pcmio_ring_readable(ring); }

static uint8_t *piece(const pcmio_ring *ring, uint64_t at, uint32_t available, uint32_t *count) {
  uint32_t offset = (uint32_t)(at % ring->capacity);
  *count = smaller(smaller(*count, available), ring->capacity - offset);
  return ring->data + (size_t)offset * ring->frame_bytes;
}

uint8_t *pcmio_ring_read_piece(const pcmio_ring *ring, uint32_t *count) {
  uint64_t at = atomic_load_explicit(&ring->read, memory_order_relaxed); /* the reader's own */
  return piece(ring, at, pcmio_ring_readable(ring), count);
}

uint8_t *pcmio_ring_write_piece(const pcmio_ring *ring, uint32_t *count) {
  uint64_t at = atomic_load_explicit(&ring->written, memory_order_relaxed); /* the writer's own */
  return piece(ring, at, pcmio_ring_writable(ring), count);
}

void pcmio_ring_did_read(pcmio_ring *ring, uint32_t count) {
  uint64_t at = atomic_load_explicit(&ring->read, memory_order_relaxed);
  atomic_store_explicit(&ring->read, at + count, memory_order_release);
}

void pcmio_ring_did_write(pcmio_ring *ring, uint32_t count) {
  uint64_t at = atomic_load_explicit(&ring->written, memory_order_relaxed);
  atomic_store_explicit(&ring->written, at + count, memory_order_release);
}

void pcmio_ring_clear(pcmio_ring *ring) {
  uint64_t at = atomic_load_explicit(&ring->written, memory_order_acquire);
  at += ring->slot_frames - 1;
  at -= at % ring->slot_frames;
  atomic_store_explicit(&ring->read, at, memory_order_relaxed);
  atomic_store_explicit(&ring->written, at, memory_order_release);
}
