/* The core's own threads. */
#ifndef PCMIO_THREADS_H
#define PCMIO_THREADS_H

#include <stdint.h>

typedef struct pcmio_thread pcmio_thread;

/* NULL: the system has no thread to give. */
pcmio_thread *pcmio_thread_start(void (*body)(void *), void *argument);
/* Waits until the body has returned. */
void pcmio_thread_join(pcmio_thread *thread);
/* Sleeps until pcmio_clock_nanos says `nanos`, or a little longer. */
void pcmio_sleep_until(uint64_t nanos);

#endif
