/* Checks for programs: the first that fails says where and ends the program, from whatever thread it is on. */
#ifndef PCMIO_CHECK_H
#define PCMIO_CHECK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(holds) check((holds), #holds, __FILE__, __LINE__)
/* Both as 64-bit integers. */
#define CHECK_EQUAL(got, wanted) check_equal((int64_t)(got), (int64_t)(wanted), #got, #wanted, __FILE__, __LINE__)
#define RUN(test) (printf("%s\n", #test), fflush(stdout), test())

static inline void check(bool holds, const char *text, const char *file, int line) {
  if (!holds) {
    fprintf(stderr, "%s:%d: not true: %s\n", file, line, text);
    exit(EXIT_FAILURE);
  }
}

static inline void check_equal(int64_t got, int64_t wanted, const char *text, const char *wanted_text, const char *file,
                               int line) {
  if (got != wanted) {
    fprintf(stderr, "%s:%d: %s is %" PRId64 ", not %s, which is %" PRId64 "\n", file, line, text, got, wanted_text,
            wanted);
    exit(EXIT_FAILURE);
  }
}

/* Numbers that look random and are the same in every run (Marsaglia's xorshift). */
static inline uint32_t next_random(uint32_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

#endif
