/* floor_alsa FRAMES STREAMS WARM WINDOW BUSY: what playing from memory costs on ALSA's "default" when there is nothing
 * between. A thread for each stream writes FRAMES at a time into a buffer of four times as many: three lose frames
 * here. */
#include <alsa/asoundlib.h>

#include "floor.h"

typedef struct {
  snd_pcm_t *pcm;
  uint32_t number;
} voice;

static floor_state state;
static uint32_t block_frames;
static voice voices[FLOOR_STREAMS];

static void must(int code, const char *what) {
  if (code < 0) {
    fprintf(stderr, "floor_alsa: %s: %s\n", what, snd_strerror(code));
    exit(1);
  }
}

static snd_pcm_t *opened(void) {
  snd_pcm_t *pcm;
  must(snd_pcm_open(&pcm, "default", SND_PCM_STREAM_PLAYBACK, 0), "open");
  snd_pcm_hw_params_t *hardware;
  snd_pcm_hw_params_alloca(&hardware);
  must(snd_pcm_hw_params_any(pcm, hardware), "any");
  must(snd_pcm_hw_params_set_access(pcm, hardware, SND_PCM_ACCESS_RW_INTERLEAVED), "access");
  must(snd_pcm_hw_params_set_format(pcm, hardware, SND_PCM_FORMAT_FLOAT), "format");
  must(snd_pcm_hw_params_set_channels(pcm, hardware, BENCH_CHANNELS), "channels");
  must(snd_pcm_hw_params_set_rate(pcm, hardware, BENCH_RATE, 0), "rate");
  snd_pcm_uframes_t period = block_frames;
  snd_pcm_uframes_t buffer = (snd_pcm_uframes_t)block_frames * 4;
  must(snd_pcm_hw_params_set_period_size_near(pcm, hardware, &period, NULL), "period");
  must(snd_pcm_hw_params_set_buffer_size_near(pcm, hardware, &buffer), "buffer");
  must(snd_pcm_hw_params(pcm, hardware), "hw_params");
  snd_pcm_sw_params_t *software;
  snd_pcm_sw_params_alloca(&software);
  must(snd_pcm_sw_params_current(pcm, software), "current");
  must(snd_pcm_sw_params_set_start_threshold(pcm, software, period), "start_threshold");
  must(snd_pcm_sw_params_set_avail_min(pcm, software, period), "avail_min");
  must(snd_pcm_sw_params(pcm, software), "sw_params");
  return pcm;
}

static void *play(void *argument) {
  const voice *self = argument;
  bench_promote();
  for (;;) {
    const float *from = floor_take(&state, self->number, block_frames);
    floor_begun(&state);
    for (uint32_t left = block_frames; left > 0;) {
      snd_pcm_sframes_t taken = snd_pcm_writei(self->pcm, from, left);
      if (taken < 0) {
        must(snd_pcm_recover(self->pcm, (int)taken, 1), "write");
        continue;
      }
      left -= (uint32_t)taken;
      from += taken * (snd_pcm_sframes_t)BENCH_CHANNELS;
    }
  }
  return NULL;
}

int main(int count, char **arguments) {
  if (count != 6) {
    bench_fail("usage: floor_alsa FRAMES STREAMS WARM WINDOW BUSY");
  }
  block_frames = (uint32_t)atoi(arguments[1]);
  floor_job job = floor_arguments(arguments + 2);
  state.table = bench_table(block_frames);
  state.opened_nanos = state.built_nanos = bench_nanos(); /* a connection belongs to each stream */
  for (uint32_t number = 0; number < job.streams; number++) {
    voices[number] = (voice){.pcm = opened(), .number = number};
    pthread_t thread;
    pthread_create(&thread, NULL, play, &voices[number]);
  }
  floor_measure(&state, &job);
  _exit(0);
}
