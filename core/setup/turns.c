/* How the thread that serves a stream waits: for work, and then for its turn with the interpreter.
 *
 * Beside one thread that computes in Python the turn comes when this thread asks for it, one switch interval after it
 * began to wait.  Beside two it may not come for 200 ms.  The two ask for each other's turns, so that this thread's own
 * request, which wants an interval without a change, is never made; and of all that wait for the interpreter's
 * condition variable, the one that has just asked is still on its processor and takes the signal before any sleeper can
 * (CPython 3.10 to 3.13, glibc 2.36).  glibc serves those who waited through one signal before those who came after it,
 * but the interpreter waits in pieces of one interval, and starts anew at the end of the queue after each.
 *
 * A patient thread lets its timers be late by a part of an interval: its pieces outlast the others', it keeps its
 * place, and is served at the second signal.  Measured beside two busy threads: at most 26 ms in place of 260.  The
 * price is a longer wait beside a single one, 7 ms in place of 5, and longer still when that one is in a call that
 * keeps the interpreter, so a thread is patient only where there are several.  Linux gives real-time threads no late
 * timers, from 6.12 on; so a patient thread is an ordinary one, with the best nice value that it can get.  One that has
 * its priority from rtkit keeps it until several are noticed, as somebody has to ask for it again.
 *
 * The turn itself tells how many there are: one that comes before this thread asked was asked for by somebody
 * else. */
#include "turns.h"

#include <stdlib.h>

#include "pump.h"
#include "threads.h"

/* Shares of the switch interval. */
#define SLACK(interval) ((interval)*2 / 5)
#define AT_ONCE(interval) ((interval) / 5) /* streams wait for each other, too, but not for so long */
#define TOLERANCE(interval) ((interval) / 20)
#define TOO_LONG(interval) ((interval)*10) /* for one thread, unless it makes long calls */
#define LATE(interval) ((interval) / 2)

/* Turns for or against patience.  A single computing thread is recognized after a few; several are long remembered. */
#define CREDIT_ENOUGH 40
#define CREDIT_ALONE 10
#define CREDIT_AT_ONCE 1
#define CREDIT_SEVERAL (-300)
#define CREDIT_TOO_LONG (-60)
/* Against the priority that rtkit gave; each turn takes one away. */
#define DOUBT_SEVERAL 9
#define DOUBT_TOO_LONG 17
#define DOUBTS_ENOUGH 24
/* Turns at once, one after the other, after which the ring may be left alone for long again. */
#define CALM_ENOUGH 64

struct pcmio_turns {
  pcmio_pump *pump;
  pcmio_wakeup *wakeup;
  uint64_t interval_nanos;
  uint64_t woken_nanos;
  int32_t priority; /* 0: an ordinary thread that stays one */
  bool patient;
  bool lent;       /* real-time by rtkit's grace, which it cannot take again itself */
  uint32_t doubts; /* whether it should keep that */
  int32_t credit;
  uint32_t calm;
};

pcmio_turns *pcmio_turns_new(pcmio_pump *pump, pcmio_wakeup *wakeup) {
  pcmio_turns *turns = calloc(1, sizeof *turns);
  if (turns != NULL) {
    turns->pump = pump;
    turns->wakeup = wakeup;
  }
  return turns;
}

void pcmio_turns_free(pcmio_turns *turns) { free(turns); }

static void be_patient(pcmio_turns *turns, bool patient) {
  int32_t priority = patient && turns->lent ? 1 : turns->priority; /* of which only that it is one matters */
  turns->patient = patient;
  turns->credit = 0;
  turns->lent = turns->lent && !patient;
  pcmio_thread_patience(patient ? SLACK(turns->interval_nanos) : 0, priority);
}

void pcmio_turns_lend(pcmio_turns *turns) {
  turns->lent = true;
  turns->doubts = 0;
}

/* What has to be asked for again is not given up for one turn, which a short call of another thread may delay. */
static bool keeps_what_is_lent(pcmio_turns *turns, uint64_t nanos, uint64_t asked) {
  turns->doubts += nanos < asked ? DOUBT_SEVERAL : DOUBT_TOO_LONG;
  return turns->doubts < DOUBTS_ENOUGH;
}

int32_t pcmio_turns_would_borrow(const pcmio_turns *turns) { return !turns->patient && !turns->lent; }

int32_t pcmio_turns_enter(pcmio_turns *turns, uint64_t interval_nanos, int32_t priority) {
  int32_t denied = priority == 0 ? 0 : pcmio_thread_promote(priority);
  turns->interval_nanos = interval_nanos;
  turns->priority = denied == 0 ? priority : 0;
  turns->woken_nanos = pcmio_clock_nanos();
  be_patient(turns, true); /* the first turns are the dearest: the ring is being filled */
  pcmio_pump_hurry(turns->pump, true);
  return denied;
}

int32_t pcmio_turns_wait(pcmio_turns *turns, int64_t timeout_nanos) {
  int32_t posted = pcmio_wakeup_wait(turns->wakeup, timeout_nanos);
  turns->woken_nanos = pcmio_clock_nanos();
  return posted;
}

bool pcmio_turns_patient(const pcmio_turns *turns) { return turns->patient; }

void pcmio_turns_took(pcmio_turns *turns, uint64_t nanos) {
  uint64_t interval = turns->interval_nanos;
  uint64_t asked = interval + (turns->patient ? SLACK(interval) : 0) - TOLERANCE(interval);
  if (nanos < AT_ONCE(interval)) {
    turns->credit += CREDIT_AT_ONCE;
  } else if (nanos >= asked && nanos < TOO_LONG(interval)) {
    turns->credit += CREDIT_ALONE;
  } else {
    if (turns->lent ? !keeps_what_is_lent(turns, nanos, asked) : !turns->patient) {
      be_patient(turns, true);
    }
    int32_t credit = nanos < asked ? CREDIT_SEVERAL : CREDIT_TOO_LONG;
    turns->credit = turns->credit < credit ? turns->credit : credit;
  }
  turns->doubts -= turns->doubts > 0;
  if (turns->patient && turns->credit >= CREDIT_ENOUGH) {
    be_patient(turns, false);
  }
  turns->calm = nanos < LATE(interval) ? turns->calm + 1 : 0;
  if (turns->calm == 0 || turns->calm == CALM_ENOUGH) {
    pcmio_pump_hurry(turns->pump, turns->calm == 0);
  }
  pcmio_pump_waited(turns->pump, nanos);
}

uint32_t pcmio_turns_begin(pcmio_turns *turns, uint32_t calling, pcmio_block *block) {
  pcmio_pump_awake(turns->pump); /* first of all: what comes from now on wakes again */
  uint64_t now = pcmio_clock_nanos();
  pcmio_turns_took(turns, now > turns->woken_nanos ? now - turns->woken_nanos : 0);
  uint32_t found = pcmio_pump_has_note(turns->pump) != 0 ? PCMIO_TURN_NOTES : 0;
  return calling != 0 && pcmio_pump_step(turns->pump, 0, block) != 0 ? found | PCMIO_TURN_BLOCK : found;
}
