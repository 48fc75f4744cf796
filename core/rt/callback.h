/* A stream's native callback, called in the pump: audio thread. */
#ifndef PCMIO_RT_CALLBACK_H
#define PCMIO_RT_CALLBACK_H

#include "pump.h"

/* Has it fill the ring's next slot, whose first frame is heard at `nanos`; false: there is none, or it is over. */
bool pcmio_callback_fill(pcmio_pump *pump, uint64_t nanos);
/* Has it take a slot that is full. */
void pcmio_callback_take(pcmio_pump *pump);
bool pcmio_callback_is_over(const pcmio_pump *pump);
/* Tells Python once that it is over. */
void pcmio_callback_tell(pcmio_pump *pump);

#endif
