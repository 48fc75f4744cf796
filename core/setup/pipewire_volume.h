/* The volume of a PipeWire stream, as the loop thread is told of it. */
#ifndef PCMIO_PIPEWIRE_VOLUME_H
#define PCMIO_PIPEWIRE_VOLUME_H

#include "../rt/pump_pipewire.h"

/* Of a new stream. */
void pcmio_pipewire_volume_begin(pcmio_pipewire_stream *stream);
/* pw_stream_events.control_info */
void pcmio_pipewire_on_control(void *stream, uint32_t id, const void *control);

#endif
