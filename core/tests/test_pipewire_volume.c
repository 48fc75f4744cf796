/* Volumes of PipeWire's streams with a stand-in for libpipewire: what is told, what is set, and what is news. */
#include "pipewire_volume.h"

#include <string.h>

#include "rig.h"

#define VOLUME 0x10003u
#define MUTE 0x10004u
#define VOLUMES 0x10008u
#define LATENCY_OFFSET 0x1000eu

typedef struct {
  rig bench;
  pcmio_pipewire_connection connection;
  pcmio_pipewire_stream stream;
  uint32_t locked;
  uint32_t set; /* properties */
  uint32_t posts;
} station;

static station *at; /* libpipewire's functions are given nothing of ours */

static void tell(station *one, uint32_t id, uint32_t count, float *values) {
  pcmio_pw_control control = {.values = values, .count = count, .room = 64};
  pcmio_pipewire_on_control(&one->stream, id, &control);
}

static void tell_one(station *one, uint32_t id, float value) { tell(one, id, 1, &value); }

static void lock(void *loop) {
  (void)loop;
  at->locked++;
}

static void unlock(void *loop) {
  (void)loop;
  at->locked--;
}

static void post(void *wakeup) { ((station *)wakeup)->posts++; }

/* As libpipewire: whatever is set is told at once.  Of several properties that would be set together, the first. */
static int32_t set_control(void *native, uint32_t id, uint32_t count, float *values, ...) {
  (void)native;
  CHECK_EQUAL(at->locked, 1);
  tell(at, id, count, values);
  at->set++;
  return 0;
}

static void open_station(station *one) {
  memset(one, 0, sizeof *one);
  at = one;
  rig_open_mono(&one->bench, 1, 0);
  one->connection.api =
      (pcmio_pipewire_api){.thread_loop_lock = lock, .thread_loop_unlock = unlock, .stream_set_control = set_control};
  one->stream.connection = &one->connection;
  one->stream.pump = one->bench.pump;
  one->stream.frame_bytes = 3 * sizeof(float);
  one->stream.post = post;
  one->stream.wakeup = one;
  pcmio_pipewire_volume_begin(&one->stream);
}

/* Whether there is news, and what its code is. */
static int32_t news(station *one) {
  pcmio_note note;
  if (pcmio_pump_take_note(one->bench.pump, &note) == 0) {
    return -1;
  }
  CHECK_EQUAL(note.kind, PCMIO_NOTE_VOLUME_CHANGED);
  return note.code;
}

static void check_volume(const station *one, double volume, uint32_t muted) {
  CHECK(pcmio_pipewire_stream_volume(&one->stream) == volume);
  CHECK_EQUAL(pcmio_pipewire_stream_muted(&one->stream), muted);
}

static void a_stream_begins_at_full_volume_which_can_be_set_when_the_node_tells_its_own(void) {
  station one;
  open_station(&one);
  check_volume(&one, 1.0, 0);
  CHECK_EQUAL(news(&one), -1);
  CHECK_EQUAL(pcmio_pipewire_stream_has_volume(&one.stream), 0);
  tell_one(&one, VOLUME, 1.0F);
  tell_one(&one, MUTE, 0.0F);
  CHECK_EQUAL(one.posts, 0);
  tell(&one, VOLUMES, 0, NULL); /* it does not know its channels yet */
  CHECK_EQUAL(pcmio_pipewire_stream_has_volume(&one.stream), 1);
  CHECK_EQUAL(one.posts, 1);
  CHECK_EQUAL(news(&one), 0);
  check_volume(&one, 1.0, 0);
  CHECK_EQUAL(news(&one), -1);
  rig_close(&one.bench);
}

static void what_others_set_is_news_once(void) {
  station one;
  float volumes[] = {0.25F, 0.5F, 0.125F};
  open_station(&one);
  tell(&one, VOLUMES, 0, NULL);
  CHECK_EQUAL(news(&one), 0);
  tell(&one, VOLUMES, 3, volumes);
  check_volume(&one, 0.5, 0); /* of the loudest channel */
  CHECK_EQUAL(news(&one), 0);
  volumes[0] = 0.0F;
  tell(&one, VOLUMES, 3, volumes); /* the loudest is as loud as before */
  CHECK_EQUAL(news(&one), -1);
  atomic_store(&one.stream.linked, 1);
  tell_one(&one, VOLUME, 0.5F);
  check_volume(&one, 0.25, 0);
  CHECK_EQUAL(news(&one), 1);
  tell_one(&one, MUTE, 1.0F);
  check_volume(&one, 0.25, 1);
  CHECK_EQUAL(news(&one), 1);
  tell_one(&one, LATENCY_OFFSET, 0.0F);
  tell(&one, VOLUMES, 0, NULL);
  check_volume(&one, 0.25, 1);
  CHECK_EQUAL(news(&one), -1);
  rig_close(&one.bench);
}

static void what_is_set_is_of_all_channels_and_no_news(void) {
  station one;
  float volumes[] = {0.25F, 0.5F, 0.125F};
  open_station(&one);
  tell(&one, VOLUMES, 3, volumes);
  tell_one(&one, VOLUME, 0.5F);
  while (news(&one) == 0) {
  }
  CHECK_EQUAL(pcmio_pipewire_stream_set_volume(&one.stream, 2.0), 0);
  CHECK_EQUAL(one.set, 2);
  check_volume(&one, 2.0, 0);
  CHECK_EQUAL(pcmio_pipewire_stream_set_muted(&one.stream, 1), 0);
  CHECK_EQUAL(one.set, 3);
  check_volume(&one, 2.0, 1);
  CHECK_EQUAL(pcmio_pipewire_stream_set_muted(&one.stream, 0), 0);
  check_volume(&one, 2.0, 0);
  CHECK_EQUAL(one.locked, 0);
  CHECK_EQUAL(news(&one), -1);
  rig_close(&one.bench);
}

static void more_channels_than_a_node_can_have_are_left_alone(void) {
  station one;
  open_station(&one);
  one.stream.frame_bytes = 100 * sizeof(float);
  CHECK_EQUAL(pcmio_pipewire_stream_set_volume(&one.stream, 0.5), 0);
  check_volume(&one, 0.5, 0);
  rig_close(&one.bench);
}

int main(void) {
  RUN(a_stream_begins_at_full_volume_which_can_be_set_when_the_node_tells_its_own);
  RUN(what_others_set_is_news_once);
  RUN(what_is_set_is_of_all_channels_and_no_news);
  RUN(more_channels_than_a_node_can_have_are_left_alone);
  return 0;
}
