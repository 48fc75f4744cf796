/* watch: an ordinary thread that sleeps a millisecond again and again, and tells at the end when it was late, and how
 * much. Whatever keeps it off the processor keeps any thread without real-time priority off it, whoever's library made
 * it. */
#include "bench.h"

#define LATE_NANOS 1000000u
#define MOST_LATE 20000u

int main(void) {
  static uint64_t late[MOST_LATE][2]; /* when, and how much */
  uint32_t count = 0;
  uint64_t sleeps = 0;
  puts("ready");
  fflush(stdout);
  while (!bench_ended(0)) {
    struct timespec one = {.tv_nsec = 1000000};
    uint64_t before = bench_nanos();
    nanosleep(&one, NULL);
    uint64_t now = bench_nanos();
    uint64_t over = now - before - 1000000;
    if (over > LATE_NANOS && count < MOST_LATE) {
      late[count][0] = now;
      late[count++][1] = over;
    }
    sleeps++;
  }
  printf("{\"sleeps\": %llu, \"late\": [", (unsigned long long)sleeps);
  for (uint32_t index = 0; index < count; index++) {
    printf("%s[%llu, %llu]", index == 0 ? "" : ", ", (unsigned long long)late[index][0],
           (unsigned long long)late[index][1]);
  }
  puts("]}");
  return 0;
}
