#include "timeline.h"

#include "clock.h"

/* A cycle that is off by more than this is a break, not the system's imprecision. */
#define BREAK_NANOS 500000u
#define NANOS 1000000000u
#define TAKEN_BACK UINT64_MAX /* in place of a mark's frame */
/* The writer is inside for a few nanoseconds; a reader that finds it there so often has been put aside itself. */
#define ATTEMPTS 1000u

typedef struct {
  uint64_t frame;
  uint64_t nanos;
  uint64_t held;
} mark;

static uint64_t get(const _Atomic uint64_t *from) { return atomic_load_explicit(from, memory_order_acquire); }

static void put(_Atomic uint64_t *to, uint64_t value) { atomic_store_explicit(to, value, memory_order_release); }

/* Each store releases, so that a reader who sees any of them also sees the odd number before. */
static void begin(pcmio_timeline *line) {
  uint32_t sequence = atomic_load_explicit(&line->sequence, memory_order_relaxed);
  atomic_store_explicit(&line->sequence, sequence + 1, memory_order_relaxed);
}

static void end(pcmio_timeline *line) {
  uint32_t sequence = atomic_load_explicit(&line->sequence, memory_order_relaxed);
  atomic_store_explicit(&line->sequence, sequence + 1, memory_order_release);
}

static mark read_mark(const pcmio_timeline *line, uint64_t number) {
  const pcmio_mark *from = &line->marks[number % PCMIO_TIMELINE_MARKS];
  return (mark){.frame = get(&from->frame), .nanos = get(&from->nanos), .held = get(&from->held)};
}

/* The time of a frame that follows a mark, or goes before it. */
static uint64_t time_from(const mark *from, uint64_t frame, uint32_t rate) {
  if (frame >= from->frame) {
    return from->nanos + pcmio_frames_nanos(frame - from->frame, rate);
  }
  uint64_t before = pcmio_frames_nanos(from->frame - frame, rate);
  return from->nanos > before ? from->nanos - before : 0;
}

static uint64_t frame_from(const mark *from, uint64_t nanos, uint32_t rate) {
  uint64_t since = nanos - from->nanos;
  return from->frame + since / NANOS * rate + (since % NANOS * rate + NANOS / 2) / NANOS;
}

static uint64_t larger(uint64_t one, uint64_t other) { return one > other ? one : other; }

static uint64_t smaller(uint64_t one, uint64_t other) { return one < other ? one : other; }

/* A frame that the device had taken when it was held, or the one that it went on with: what stood still meanwhile.
 * `resumed` is the mark after the hold. */
static uint64_t frame_around(const mark *at, const mark *resumed, uint64_t nanos, uint32_t rate) {
  uint64_t heard = frame_from(at, larger(resumed->held, at->nanos), rate);
  uint64_t to_come = resumed->nanos > nanos ? frame_from(&(mark){.nanos = nanos}, resumed->nanos, rate) : 0;
  return larger(heard, resumed->frame > to_come ? resumed->frame - to_come : 0);
}

static bool goes_on(const mark *latest, uint64_t frame, uint32_t rate, uint64_t nanos, uint64_t step) {
  uint64_t expected = time_from(latest, frame, rate);
  uint64_t off = expected > nanos ? expected - nanos : nanos - expected;
  return off < BREAK_NANOS && nanos < latest->nanos + step;
}

void pcmio_timeline_note(pcmio_timeline *line, uint64_t at, uint32_t rate, uint64_t nanos) {
  uint64_t frame = at - atomic_load_explicit(&line->offset, memory_order_relaxed);
  uint64_t count = atomic_load_explicit(&line->count, memory_order_relaxed);
  uint64_t held = atomic_load_explicit(&line->held, memory_order_relaxed);
  bool known = atomic_load_explicit(&line->running, memory_order_relaxed) != 0 && count != 0;
  bool again = false;
  if (known) {
    mark latest = read_mark(line, count - 1);
    if (goes_on(&latest, frame, rate, nanos, line->step_nanos)) {
      return;
    }
    /* Nothing has moved since: the device waits, and the frame will be heard later. */
    again = latest.frame == frame;
    held = again ? latest.held : held;
  }
  pcmio_mark *to = &line->marks[(again ? count - 1 : count) % PCMIO_TIMELINE_MARKS];
  begin(line);
  put(&to->frame, frame);
  put(&to->nanos, nanos);
  put(&to->held, held);
  put(&line->count, again ? count : count + 1);
  put(&line->held, 0);
  atomic_store_explicit(&line->running, 1, memory_order_release);
  end(line);
}

void pcmio_timeline_stop(pcmio_timeline *line) { atomic_store_explicit(&line->running, 0, memory_order_relaxed); }

void pcmio_timeline_hold(pcmio_timeline *line, uint64_t nanos) {
  atomic_store_explicit(&line->held, nanos, memory_order_relaxed);
}

void pcmio_timeline_skip(pcmio_timeline *line, uint64_t from, uint64_t to) {
  uint64_t offset = atomic_load_explicit(&line->offset, memory_order_relaxed);
  uint64_t count = atomic_load_explicit(&line->count, memory_order_relaxed);
  uint64_t next = from - offset;
  begin(line);
  /* One mark at least stays that what was handed over before can be told by; those written over do not come back. */
  while (count != 0 && read_mark(line, count - 1).frame > next) {
    count--;
    put(&line->marks[count % PCMIO_TIMELINE_MARKS].frame, TAKEN_BACK);
  }
  put(&line->count, count);
  put(&line->offset, offset + (to - from));
  put(&line->held, 0);
  end(line);
}

/* --- any thread --------------------------------------------------------------------------------------------------- */

static uint64_t oldest(uint64_t count) { return count > PCMIO_TIMELINE_MARKS ? count - PCMIO_TIMELINE_MARKS : 0; }

static bool find_time(const pcmio_timeline *line, uint64_t frame, uint64_t taken, uint32_t rate, uint64_t *nanos) {
  uint64_t count = get(&line->count);
  mark resumed = {0}; /* the first after `at` before which the device was held */
  for (uint64_t number = count; number-- > oldest(count);) {
    mark at = read_mark(line, number);
    if (at.frame == TAKEN_BACK) {
      return false; /* what was before it is written over */
    }
    if (at.frame > frame) {
      resumed = at.held != 0 ? at : resumed;
      continue;
    }
    *nanos = time_from(&at, frame, rate);
    if (resumed.held != 0 && *nanos > resumed.held) {
      *nanos = time_from(&resumed, frame, rate);
    }
    bool comes = number + 1 == count && frame + get(&line->offset) >= taken;
    return !comes || atomic_load_explicit(&line->running, memory_order_relaxed) != 0;
  }
  return false;
}

static bool find_frame(const pcmio_timeline *line, uint64_t nanos, uint64_t taken, uint32_t rate, uint64_t *frame) {
  uint64_t count = get(&line->count);
  uint64_t next = UINT64_MAX; /* the frame of the mark after `at`: in a gap it is waited for */
  mark resumed = {0};
  for (uint64_t number = count; number-- > oldest(count);) {
    mark at = read_mark(line, number);
    if (at.frame == TAKEN_BACK) {
      return false;
    }
    if (at.nanos > nanos || (resumed.held != 0 && at.nanos > resumed.held)) {
      next = at.frame;
      resumed = at.held != 0 ? at : resumed;
      continue;
    }
    bool held = resumed.held != 0 && nanos > resumed.held;
    *frame = held ? frame_around(&at, &resumed, nanos, rate) : smaller(frame_from(&at, nanos, rate), next);
    bool comes = number + 1 == count && *frame + get(&line->offset) >= taken;
    return !comes || atomic_load_explicit(&line->running, memory_order_relaxed) != 0;
  }
  return false;
}

typedef bool (*finder)(const pcmio_timeline *line, uint64_t given, uint64_t taken, uint32_t rate, uint64_t *found);

static bool find(const pcmio_timeline *line, finder look, uint64_t given, uint64_t taken, uint32_t rate,
                 uint64_t *result) {
  for (uint32_t attempt = 0; attempt < ATTEMPTS; attempt++) {
    uint64_t answer = 0;
    uint32_t before = atomic_load_explicit(&line->sequence, memory_order_acquire);
    bool found = look(line, given, taken, rate, &answer);
    if ((before & 1u) == 0 && atomic_load_explicit(&line->sequence, memory_order_relaxed) == before) {
      *result = found ? answer : *result;
      return found;
    }
  }
  return false;
}

bool pcmio_timeline_time(const pcmio_timeline *line, uint64_t frame, uint64_t taken, uint32_t rate, uint64_t *nanos) {
  return find(line, find_time, frame, taken, rate, nanos);
}

bool pcmio_timeline_frame(const pcmio_timeline *line, uint64_t nanos, uint64_t taken, uint32_t rate, uint64_t *frame) {
  return find(line, find_frame, nanos, taken, rate, frame);
}
