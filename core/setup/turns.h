/* How long turns took, and what is learned from it. */
#ifndef PCMIO_TURNS_H
#define PCMIO_TURNS_H

#include "pcmio.h"

/* The thread that serves has got the interpreter, so long after it was woken. */
void pcmio_turns_took(pcmio_turns *turns, uint64_t nanos);
bool pcmio_turns_patient(const pcmio_turns *turns);

#endif
