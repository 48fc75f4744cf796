/* The core's own threads. */
#ifndef PCMIO_THREADS_H
#define PCMIO_THREADS_H

#include <stdint.h>

typedef struct pcmio_thread pcmio_thread;

/* NULL: the system has no thread to give. */
pcmio_thread *pcmio_thread_start(void (*body)(void *), void *argument);
/* Waits until the body has returned. */
void pcmio_thread_join(pcmio_thread *thread);
/* Instead: the thread itself says as its last word that nobody will wait for it. */
void pcmio_thread_leave(pcmio_thread *thread);
/* The calling thread lets its timers be late by `slack_nanos`, as an ordinary thread if need be; 0: as punctual as it
 * can, with the real-time `priority` (0: none) that it was granted before.  Nothing where timers cannot be told. */
void pcmio_thread_patience(uint64_t slack_nanos, int32_t priority);
/* The calling thread's nice value, where threads have one; without permission it stays as it is. */
void pcmio_thread_nice(int32_t niceness);
/* Sleeps until pcmio_clock_nanos says `nanos`, or a little longer. */
void pcmio_sleep_until(uint64_t nanos);

#endif
