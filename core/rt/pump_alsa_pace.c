/* PCMs without a clock.  "null" takes and gives any number of frames at any time, and so does whatever ends in it
 * ("file").  A real device would be full.  The core's clock stands in for theirs: they behave like a device with this
 * buffer. */
#include "clock.h"
#include "pump_alsa.h"

#define NANOS UINT64_C(1000000000)

uint64_t pcmio_alsa_nanos(const pcmio_alsa_stream *stream, uint64_t frames) {
  return pcmio_frames_nanos(frames, stream->config.rate);
}

uint64_t pcmio_alsa_frames(const pcmio_alsa_stream *stream, uint64_t nanos) {
  return nanos / NANOS * stream->config.rate + nanos % NANOS * stream->config.rate / NANOS;
}

static void begin_pacing(pcmio_alsa_stream *stream, uint64_t from, uint64_t frames) {
  stream->clockless = true;
  stream->paced_from = from;
  stream->paced = frames;
}

/* A whole queue that was gone, or there, in less than a quarter of its time: no clock does that.  A server that renders
 * ahead may, once; it would be late if it were not served then, and refuses soon after. */
static bool has_no_clock(pcmio_alsa_stream *stream, uint64_t now, uint32_t frames) {
  bool hurries = stream->full_frames != 0 && frames >= stream->config.period_frames &&
                 now - stream->full_nanos < pcmio_alsa_nanos(stream, frames) / 4;
  stream->hurries = hurries ? stream->hurries + 1 : 0;
  return stream->hurries > 1;
}

static bool refuses(const pcmio_alsa_stream *stream, uint32_t avail, uint32_t allowed) {
  uint32_t period = stream->config.period_frames;
  return stream->config.clockless == 0 && avail < period && allowed >= period;
}

uint32_t pcmio_alsa_output_room(pcmio_alsa_stream *stream, uint32_t avail) {
  uint32_t buffer = stream->config.buffer_frames;
  uint64_t now = pcmio_pump_now(stream->pump);
  if (!stream->clockless) {
    if (!has_no_clock(stream, now, avail < buffer ? 0 : stream->full_frames)) {
      return avail;
    }
    begin_pacing(stream, stream->full_nanos, stream->full_frames);
  }
  uint64_t passed = pcmio_alsa_frames(stream, now - stream->paced_from);
  if (passed > stream->paced) { /* late: such a device waits */
    begin_pacing(stream, now, 0);
    passed = 0;
  }
  uint64_t level = stream->paced - passed;
  uint32_t allowed = level < buffer ? buffer - (uint32_t)level : 0;
  if (refuses(stream, avail, allowed)) {
    stream->clockless = false;
    return avail;
  }
  return avail < allowed ? avail : allowed;
}

uint32_t pcmio_alsa_input_room(pcmio_alsa_stream *stream, uint32_t avail) {
  uint32_t buffer = stream->config.buffer_frames;
  uint32_t period = stream->config.period_frames;
  uint64_t now = pcmio_pump_now(stream->pump);
  if (!stream->clockless) {
    if (!has_no_clock(stream, now, avail < period ? 0 : period)) {
      return avail;
    }
    begin_pacing(stream, stream->full_nanos, 0);
  }
  uint64_t allowed = pcmio_alsa_frames(stream, now - stream->paced_from) - stream->paced;
  if (allowed > buffer) { /* late: such a device waits */
    begin_pacing(stream, now - pcmio_alsa_nanos(stream, buffer), 0);
    allowed = buffer;
  }
  if (refuses(stream, avail, (uint32_t)allowed)) {
    stream->clockless = false;
    return avail;
  }
  return avail < (uint32_t)allowed ? avail : (uint32_t)allowed;
}
