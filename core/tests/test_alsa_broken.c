/* PCMs that promise frames, or room for some, and then do not move any. */
#include "alsa_fake.h"

static int32_t fails_to_map(void *pcm, const void **areas, unsigned long *offset, unsigned long *frames) {
  CHECK(pcm == at && areas != NULL && offset != NULL && frames != NULL);
  return -EIO;
}

static int32_t maps_nothing(void *pcm, const void **areas, unsigned long *offset, unsigned long *frames) {
  CHECK(pcm == at && areas != NULL && offset != NULL && *frames != 0);
  *frames = 0;
  return 0;
}

static long fails_to_read(void *pcm, void *buffer, unsigned long frames) {
  CHECK(pcm == at && buffer != NULL && frames != 0);
  return -EIO;
}

static long fails_to_write(void *pcm, const void *buffer, unsigned long frames) {
  CHECK(pcm == at && buffer != NULL && frames != 0);
  return -EIO;
}

static long has_nothing(void *pcm, void *buffer, unsigned long frames) {
  CHECK(pcm == at && buffer != NULL && frames != 0);
  return -EAGAIN;
}

static void a_device_of_which_no_frame_can_be_moved_is_given_up(void) {
  for (uint32_t mapped = 0; mapped < 2; mapped++) {
    for (uint32_t output = 0; output < 2; output++) {
      fake pcm;
      fake_open(&pcm, output, mapped);
      if (output != 0) {
        fake_play(&pcm);
      } else {
        fake_record(&pcm);
      }
      pcm.stream.api.mmap_begin = fails_to_map;
      pcm.stream.api.readi = fails_to_read;
      pcm.stream.api.writei = fails_to_write;
      for (uint32_t i = 0; i < 20; i++) {
        cycle(&pcm);
      }
      CHECK_EQUAL(pcm.stream.phase, PCMIO_ALSA_LOST);
      CHECK_EQUAL(note(&pcm), PCMIO_NOTE_FAILED);
      rig_close(&pcm.bench);
    }
  }
}

static void a_recording_that_has_less_than_it_says_is_asked_later(void) {
  fake pcm;
  fake_open(&pcm, 0, 0);
  fake_record(&pcm);
  pcm.stream.api.readi = has_nothing;
  cycle(&pcm);
  CHECK(pcm.stream.nap_nanos != 0);
  CHECK_EQUAL(pcm.prepares, 0);
  pcm.stream.api.readi = fake_readi;
  cycle(&pcm);
  CHECK_EQUAL(pcmio_pump_position(pcm.bench.pump), 2 * PERIOD);
  rig_close(&pcm.bench);
}

static void memory_of_which_nothing_is_given_is_asked_for_later(void) {
  for (uint32_t output = 0; output < 2; output++) {
    fake pcm;
    fake_open(&pcm, output, 1);
    if (output != 0) {
      rig_fill(&pcm.bench, fake_play(&pcm));
    } else {
      fake_record(&pcm);
    }
    pcm.stream.api.mmap_begin = maps_nothing;
    cycle(&pcm);
    CHECK(pcm.stream.nap_nanos != 0);
    CHECK_EQUAL(pcm.prepares, 0);
    rig_close(&pcm.bench);
  }
}

int main(void) {
  RUN(a_device_of_which_no_frame_can_be_moved_is_given_up);
  RUN(a_recording_that_has_less_than_it_says_is_asked_later);
  RUN(memory_of_which_nothing_is_given_is_asked_for_later);
  return 0;
}
