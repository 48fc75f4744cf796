/* A device without hardware, and pumps on it. */
#ifndef PCMIO_NULL_RIG_H
#define PCMIO_NULL_RIG_H

#include "rig.h"

#define MILLISECOND UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

static inline pcmio_null_config loopback_config(uint32_t channels, uint32_t format) {
  return (pcmio_null_config){
      .kind = PCMIO_NULL_LOOPBACK,
      .rate = RIG_RATE,
      .channels = channels,
      .format = format,
      .period_frames = 32,
      .latency_nanos = MILLISECOND,
      .speed = 1.0,
  };
}

static inline pcmio_null_device *open_device(const pcmio_null_config *config) {
  pcmio_null_device *device = pcmio_null_new(config);
  CHECK(device != NULL);
  return device;
}

/* A running pump on the device, in the device's format. */
static inline void attach(pcmio_null_device *device, rig *bench, uint32_t out_channels, uint32_t in_channels,
                          uint32_t format) {
  pcmio_pump_config config = rig_config(bench);
  config.out_channels = out_channels;
  config.in_channels = in_channels;
  config.out_format = config.out_native_format = config.in_format = config.in_native_format = format;
  rig_open(bench, &config);
  CHECK_EQUAL(pcmio_null_attach(device, bench->pump, out_channels != 0 ? out_channels : in_channels), 0);
  pcmio_pump_set_mode(bench->pump, PCMIO_RUNNING);
}

static inline void detach(pcmio_null_device *device, rig *bench) {
  CHECK_EQUAL(pcmio_null_detach(device, bench->pump), 0);
  rig_close(bench);
}

#endif
