/* Samples from every format to every other.
 *
 * Full scale is +-1.0: an integer of `bits` bits stands for itself divided by 2^(bits - 1), an unsigned one for its
 * distance from the middle.  To an integer, values round to the nearest, ties to even, and clip: +1.0 becomes the
 * maximum.  A value that is no number becomes silence.  Floats among themselves pass as they are, beyond +-1.0 too.
 *
 * Two intermediates keep this exact.  Integers meet as 64-bit integers whose top bit is the sample's top bit, so that a
 * wider format only has more zeros below; floats meet as doubles, which hold every float and scale without loss.
 * Samples go through in chunks, step by step, each step a loop that compilers vectorise.  The pairs that audio servers
 * make daily business have loops of their own. */
#include <string.h>

#include "pcmio.h"

#if defined(__FAST_MATH__)
#error "rounding and the care for NaN below need IEEE arithmetic: compile without -ffast-math"
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LOWEST_BYTE_FIRST 0
#else
#define LOWEST_BYTE_FIRST 1
#endif

#define CHUNK 128u /* samples; the steps' arrays stay in the nearest cache */

/* Adding and subtracting this leaves no fraction, by the rounding that the processor does anyway: to nearest, ties to
 * even.  For magnitudes up to 2^22, and up to 2^51.  The sum needs a variable of its own: an expression may be more
 * precise than its type. */
#define WHOLE_FLOAT 12582912.0f         /* 1.5 * 2^23 */
#define WHOLE_DOUBLE 6755399441055744.0 /* 1.5 * 2^52 */

typedef enum { SIGNED, UNSIGNED, FLOATING, DSD } sample_kind;

typedef struct {
  uint8_t bytes; /* in memory */
  uint8_t bits;  /* that count: the lowest ones of the word */
  uint8_t kind;
} sample_layout;

static const sample_layout layouts[PCMIO_FORMATS] = {
    [PCMIO_I8] = {1, 8, SIGNED},          [PCMIO_I16] = {2, 16, SIGNED},          [PCMIO_I24] = {4, 24, SIGNED},
    [PCMIO_I32] = {4, 32, SIGNED},        [PCMIO_I64] = {8, 64, SIGNED},          [PCMIO_U8] = {1, 8, UNSIGNED},
    [PCMIO_U16] = {2, 16, UNSIGNED},      [PCMIO_U24] = {4, 24, UNSIGNED},        [PCMIO_U32] = {4, 32, UNSIGNED},
    [PCMIO_U64] = {8, 64, UNSIGNED},      [PCMIO_F32] = {4, 32, FLOATING},        [PCMIO_F64] = {8, 64, FLOATING},
    [PCMIO_I24_PACKED] = {3, 24, SIGNED}, [PCMIO_U24_PACKED] = {3, 24, UNSIGNED}, [PCMIO_DSD_U8] = {1, 8, DSD},
    [PCMIO_DSD_U16] = {2, 16, DSD},       [PCMIO_DSD_U32] = {4, 32, DSD},
};

static uint32_t plain(uint32_t format) { return format & ~(uint32_t)PCMIO_SWAPPED; }

uint32_t pcmio_format_bytes(uint32_t format) {
  return plain(format) < PCMIO_FORMATS ? layouts[plain(format)].bytes : 0;
}

bool pcmio_can_convert(uint32_t to, uint32_t from) {
  if (pcmio_format_bytes(to) == 0 || pcmio_format_bytes(from) == 0) {
    return false;
  }
  return plain(to) == plain(from) || (layouts[plain(to)].kind != DSD && layouts[plain(from)].kind != DSD);
}

/* --- words in memory: at any address, any distance apart ---------------------------------------------------------- */

/* Words as they lie in memory.  Native buffers promise no alignment, and none of them knows what we read it as. */
#define ANYWHERE __attribute__((aligned(1), may_alias))
typedef uint8_t word8;
typedef uint16_t ANYWHERE word16;
typedef uint32_t ANYWHERE word32;
typedef uint64_t ANYWHERE word64;
typedef int16_t ANYWHERE sample_i16;
typedef int32_t ANYWHERE sample_i32;
typedef float ANYWHERE sample_f32;

/* Strides are in bytes.  A loop is written once and called with constants for the strides that matter, since compilers
 * make vectors of those only. */
#define LOOP static inline __attribute__((always_inline)) void

/* Fetch and put widen and narrow on the way; copy changes nothing. */
#define WORDS(bits)                                                                                                    \
  LOOP fetch_each_##bits(uint64_t *restrict words, const uint8_t *restrict from, ptrdiff_t stride, size_t count) {     \
    for (ptrdiff_t i = 0; i < (ptrdiff_t)count; i++) {                                                                 \
      words[i] = (uint##bits##_t) * (const word##bits *)(from + i * stride);                                           \
    }                                                                                                                  \
  }                                                                                                                    \
  LOOP put_each_##bits(uint8_t *restrict to, ptrdiff_t stride, const uint64_t *restrict words, size_t count) {         \
    for (ptrdiff_t i = 0; i < (ptrdiff_t)count; i++) {                                                                 \
      *(word##bits *)(to + i * stride) = (uint##bits##_t)words[i];                                                     \
    }                                                                                                                  \
  }                                                                                                                    \
  LOOP copy_each_##bits(uint8_t *restrict to, ptrdiff_t to_stride, const uint8_t *restrict from,                       \
                        ptrdiff_t from_stride, size_t count) {                                                         \
    for (ptrdiff_t i = 0; i < (ptrdiff_t)count; i++) {                                                                 \
      uint##bits##_t word = *(const word##bits *)(from + i * from_stride);                                             \
      *(word##bits *)(to + i * to_stride) = word;                                                                      \
    }                                                                                                                  \
  }                                                                                                                    \
  static void fetch_##bits(uint64_t *restrict words, const uint8_t *restrict from, ptrdiff_t stride, size_t count) {   \
    if (stride == (ptrdiff_t)sizeof(uint##bits##_t)) {                                                                 \
      fetch_each_##bits(words, from, (ptrdiff_t)sizeof(uint##bits##_t), count);                                        \
    } else {                                                                                                           \
      fetch_each_##bits(words, from, stride, count);                                                                   \
    }                                                                                                                  \
  }                                                                                                                    \
  static void put_##bits(uint8_t *restrict to, ptrdiff_t stride, const uint64_t *restrict words, size_t count) {       \
    if (stride == (ptrdiff_t)sizeof(uint##bits##_t)) {                                                                 \
      put_each_##bits(to, (ptrdiff_t)sizeof(uint##bits##_t), words, count);                                            \
    } else {                                                                                                           \
      put_each_##bits(to, stride, words, count);                                                                       \
    }                                                                                                                  \
  }                                                                                                                    \
  static void copy_##bits(uint8_t *restrict to, ptrdiff_t to_stride, const uint8_t *restrict from,                     \
                          ptrdiff_t from_stride, size_t count) {                                                       \
    const ptrdiff_t one = (ptrdiff_t)sizeof(uint##bits##_t);                                                           \
    if (to_stride == one && from_stride == 2 * one) {                                                                  \
      copy_each_##bits(to, one, from, 2 * one, count);                                                                 \
    } else if (to_stride == 2 * one && from_stride == one) {                                                           \
      copy_each_##bits(to, 2 * one, from, one, count);                                                                 \
    } else {                                                                                                           \
      copy_each_##bits(to, to_stride, from, from_stride, count);                                                       \
    }                                                                                                                  \
  }

WORDS(8)
WORDS(16)
WORDS(32)
WORDS(64)

static void fetch_three(uint64_t *restrict words, const uint8_t *restrict from, ptrdiff_t stride, size_t count) {
  for (ptrdiff_t i = 0; i < (ptrdiff_t)count; i++) {
    const uint8_t *at = from + i * stride;
    uint32_t low = LOWEST_BYTE_FIRST ? at[0] : at[2];
    uint32_t high = LOWEST_BYTE_FIRST ? at[2] : at[0];
    words[i] = low | (uint32_t)at[1] << 8 | high << 16;
  }
}

static void put_three(uint8_t *restrict to, ptrdiff_t stride, const uint64_t *restrict words, size_t count) {
  for (ptrdiff_t i = 0; i < (ptrdiff_t)count; i++) {
    uint8_t *at = to + i * stride;
    at[LOWEST_BYTE_FIRST ? 0 : 2] = (uint8_t)words[i];
    at[1] = (uint8_t)(words[i] >> 8);
    at[LOWEST_BYTE_FIRST ? 2 : 0] = (uint8_t)(words[i] >> 16);
  }
}

static void copy_three(uint8_t *restrict to, ptrdiff_t to_stride, const uint8_t *restrict from, ptrdiff_t from_stride,
                       size_t count) {
  for (ptrdiff_t i = 0; i < (ptrdiff_t)count; i++) {
    memcpy(to + i * to_stride, from + i * from_stride, 3);
  }
}

typedef struct {
  void (*fetch)(uint64_t *, const uint8_t *, ptrdiff_t, size_t);
  void (*put)(uint8_t *, ptrdiff_t, const uint64_t *, size_t);
  void (*copy)(uint8_t *, ptrdiff_t, const uint8_t *, ptrdiff_t, size_t);
} word_access;

static const word_access *words_of(uint32_t bytes) {
  static const word_access one = {fetch_8, put_8, copy_8};
  static const word_access two = {fetch_16, put_16, copy_16};
  static const word_access three = {fetch_three, put_three, copy_three};
  static const word_access four = {fetch_32, put_32, copy_32};
  static const word_access eight = {fetch_64, put_64, copy_64};
  switch (bytes) {
  case 1:
    return &one;
  case 2:
    return &two;
  case 3:
    return &three;
  case 4:
    return &four;
  default:
    return &eight;
  }
}

/* Turns round the lowest `bytes` bytes of each word. */
static void swap(uint64_t *words, uint32_t bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint64_t word = words[i];
    word = (word & 0x00ff00ff00ff00ffu) << 8 | (word >> 8 & 0x00ff00ff00ff00ffu);
    word = (word & 0x0000ffff0000ffffu) << 16 | (word >> 16 & 0x0000ffff0000ffffu);
    word = word << 32 | word >> 32;
    words[i] = word >> (64 - 8 * bytes);
  }
}

/* --- words and integers ------------------------------------------------------------------------------------------- */

/* The word of silence: unsigned samples count from below. */
static uint64_t middle_of(const sample_layout *layout) {
  return layout->kind == UNSIGNED ? (uint64_t)1 << (layout->bits - 1) : 0;
}

/* The sample's top bit becomes bit 63; what a 32-bit word has above a 24-bit sample falls out. */
static void words_to_integers(uint64_t *words, const sample_layout *layout, size_t count) {
  uint32_t shift = 64u - layout->bits;
  uint64_t middle = middle_of(layout) << shift;
  for (size_t i = 0; i < count; i++) {
    words[i] = words[i] << shift ^ middle;
  }
}

/* Rounds to the `bits` highest bits, and leaves them as a number of its own. */
static void narrow(uint64_t *words, uint32_t bits, size_t count) {
  if (bits == 64) {
    return;
  }
  uint32_t shift = 64 - bits;
  uint64_t half = (uint64_t)1 << (shift - 1);
  int64_t most = (int64_t)(((uint64_t)1 << (bits - 1)) - 1);
  for (size_t i = 0; i < count; i++) {
    int64_t whole = (int64_t)words[i] >> shift;
    uint64_t rest = words[i] & (half * 2 - 1);
    /* Half of an odd number goes up, half of an even one down. */
    int64_t rounded = whole + (rest + ((uint64_t)whole & 1) > half ? 1 : 0);
    words[i] = (uint64_t)(rounded < most ? rounded : most);
  }
}

static void integers_to_floats(uint64_t *words, const sample_layout *layout, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (layout->bits == 32) {
      float sample = (float)(int64_t)words[i] * 0x1p-63f;
      uint32_t word;
      memcpy(&word, &sample, sizeof word);
      words[i] = word;
    } else {
      double sample = (double)(int64_t)words[i] * 0x1p-63;
      memcpy(&words[i], &sample, sizeof sample);
    }
  }
}

static void integers_to_words(uint64_t *words, const sample_layout *layout, size_t count) {
  if (layout->kind == FLOATING) {
    integers_to_floats(words, layout, count);
    return;
  }
  uint64_t middle = middle_of(layout);
  narrow(words, layout->bits, count);
  for (size_t i = 0; i < count; i++) {
    words[i] += middle;
  }
}

/* --- words and doubles -------------------------------------------------------------------------------------------- */

static void words_to_doubles(double *restrict values, const uint64_t *restrict words, const sample_layout *layout,
                             size_t count) {
  if (layout->bits == 64) {
    memcpy(values, words, count * sizeof *values);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    uint32_t word = (uint32_t)words[i];
    float sample;
    memcpy(&sample, &word, sizeof sample);
    values[i] = (double)sample;
  }
}

static void doubles_to_floats(uint64_t *restrict words, const double *restrict values, size_t count) {
  for (size_t i = 0; i < count; i++) {
    float sample = (float)values[i];
    uint32_t word;
    memcpy(&word, &sample, sizeof word);
    words[i] = word;
  }
}

static int64_t rounded_to_64_bits(double value) {
  double scaled = value * 0x1p63;
  if (scaled >= 0x1p63) {
    return INT64_MAX;
  }
  if (!(scaled > -0x1p63)) {
    return scaled == scaled ? INT64_MIN : 0; /* NaN is not even itself */
  }
  /* From 2^51 on a little more than WHOLE_DOUBLE can do, and from 2^52 on there are no fractions. */
  double magnitude = scaled < 0 ? -scaled : scaled;
  double shifted = magnitude + 0x1p52;
  int64_t whole = (int64_t)(magnitude < 0x1p52 ? shifted - 0x1p52 : magnitude);
  return scaled < 0 ? -whole : whole;
}

/* As numbers of `bits` bits, at most 32. */
static void round_doubles(uint64_t *restrict words, const double *restrict values, uint32_t bits, size_t count) {
  double scale = (double)((uint64_t)1 << (bits - 1));
  for (size_t i = 0; i < count; i++) {
    double scaled = values[i] * scale;
    double limited = scaled < scale - 1 ? scaled : scale - 1;
    limited = limited > -scale ? limited : -scale;
    limited = scaled == scaled ? limited : 0;
    double shifted = limited + WHOLE_DOUBLE;
    words[i] = (uint64_t)(int64_t)(int32_t)(shifted - WHOLE_DOUBLE);
  }
}

static void doubles_to_words(uint64_t *restrict words, const double *restrict values, const sample_layout *layout,
                             size_t count) {
  if (layout->kind == FLOATING && layout->bits == 32) {
    doubles_to_floats(words, values, count);
    return;
  }
  if (layout->kind == FLOATING) {
    memcpy(words, values, count * sizeof *words);
    return;
  }
  if (layout->bits == 64) {
    for (size_t i = 0; i < count; i++) {
      words[i] = (uint64_t)rounded_to_64_bits(values[i]);
    }
  } else {
    round_doubles(words, values, layout->bits, count);
  }
  uint64_t middle = middle_of(layout);
  for (size_t i = 0; i < count; i++) {
    words[i] += middle;
  }
}

/* --- the pairs of every day --------------------------------------------------------------------------------------- */

#define EVERYDAY(name, to_type, from_type, converted)                                                                  \
  LOOP name##_each(uint8_t *restrict to, ptrdiff_t to_stride, const uint8_t *restrict from, ptrdiff_t from_stride,     \
                   size_t count) {                                                                                     \
    for (ptrdiff_t i = 0; i < (ptrdiff_t)count; i++) {                                                                 \
      *(to_type *)(to + i * to_stride) = converted(*(const from_type *)(from + i * from_stride));                      \
    }                                                                                                                  \
  }                                                                                                                    \
  static void name(uint8_t *restrict to, ptrdiff_t to_stride, const uint8_t *restrict from, ptrdiff_t from_stride,     \
                   size_t count) {                                                                                     \
    if (to_stride == (ptrdiff_t)sizeof(to_type) && from_stride == (ptrdiff_t)sizeof(from_type)) {                      \
      name##_each(to, (ptrdiff_t)sizeof(to_type), from, (ptrdiff_t)sizeof(from_type), count);                          \
    } else {                                                                                                           \
      name##_each(to, to_stride, from, from_stride, count);                                                            \
    }                                                                                                                  \
  }

/* Floats as bits; above infinity are the NaNs. */
#define FLOAT_ONE 0x3f800000
#define FLOAT_INFINITY 0x7f800000
#define FLOAT_SIGN 0x80000000u
#define FLOAT_2_23 0x4b000000
#define FLOAT_2_MINUS_8 0x3b800000

static inline uint32_t bits_of(float sample) {
  uint32_t bits;
  memcpy(&bits, &sample, sizeof bits);
  return bits;
}

static inline float float_of(uint32_t bits) {
  float sample;
  memcpy(&sample, &bits, sizeof sample);
  return sample;
}

/* All ones or none.  Compilers will not make vectors of a loop that branches, or of comparisons of floats, which may
 * trap in C's view; what follows compares bits, and selects with masks. */
static inline int32_t mask(bool holds) { return -(int32_t)holds; }

static inline int16_t float_to_i16(float sample) {
  int32_t size = (int32_t)(bits_of(sample) & ~FLOAT_SIGN);
  int32_t limited = size < FLOAT_ONE ? size : FLOAT_ONE;
  limited &= mask(size <= FLOAT_INFINITY);
  float scaled = float_of((uint32_t)limited | (bits_of(sample) & FLOAT_SIGN)) * 0x1p15f;
  float shifted = scaled + WHOLE_FLOAT;
  int32_t whole = (int32_t)(shifted - WHOLE_FLOAT);
  return (int16_t)(whole < INT16_MAX ? whole : INT16_MAX);
}

static inline int32_t float_to_i32(float sample) {
  int32_t size = (int32_t)(bits_of(sample) & ~FLOAT_SIGN);
  int32_t number = mask(size <= FLOAT_INFINITY);
  int32_t sign = mask(bits_of(sample) >= FLOAT_SIGN) & number;
  int32_t inside = mask(size < FLOAT_ONE); /* 1.0 and more, scaled, is no int32_t */
  float scaled = float_of((uint32_t)(size & inside)) * 0x1p31f;
  /* As WHOLE_FLOAT, for what is scaled below 2^23; from there on there are no fractions. */
  float shift = float_of((uint32_t)(FLOAT_2_23 & mask(size < FLOAT_2_MINUS_8)));
  float shifted = scaled + shift;
  int32_t clipped = INT32_MAX & ~inside & number;
  int32_t magnitude = (int32_t)(shifted - shift) | clipped;
  return (magnitude ^ sign) - (sign & inside); /* the minimum is one farther from 0 than the maximum */
}

static inline float i16_to_float(int16_t sample) { return (float)sample * 0x1p-15f; }

static inline float i32_to_float(int32_t sample) { return (float)sample * 0x1p-31f; }

EVERYDAY(f32_to_i16, sample_i16, sample_f32, float_to_i16)
EVERYDAY(f32_to_i32, sample_i32, sample_f32, float_to_i32)
EVERYDAY(i16_to_f32, sample_f32, sample_i16, i16_to_float)
EVERYDAY(i32_to_f32, sample_f32, sample_i32, i32_to_float)

typedef void sample_loop(uint8_t *restrict to, ptrdiff_t to_stride, const uint8_t *restrict from, ptrdiff_t from_stride,
                         size_t count);

static sample_loop *everyday_loop(uint32_t to, uint32_t from) {
  if (from == PCMIO_F32) {
    return to == PCMIO_I16 ? f32_to_i16 : to == PCMIO_I32 ? f32_to_i32 : NULL;
  }
  if (to == PCMIO_F32) {
    return from == PCMIO_I16 ? i16_to_f32 : from == PCMIO_I32 ? i32_to_f32 : NULL;
  }
  return NULL;
}

/* --- the whole way ------------------------------------------------------------------------------------------------ */

static void convert_words(uint64_t *words, const sample_layout *to, const sample_layout *from, size_t count) {
  double values[CHUNK];
  if (to == from) {
    return;
  }
  if (from->kind == FLOATING) {
    words_to_doubles(values, words, from, count);
    doubles_to_words(words, values, to, count);
  } else {
    words_to_integers(words, from, count);
    integers_to_words(words, to, count);
  }
}

static void convert_any(uint8_t *to, uint32_t to_format, ptrdiff_t to_stride, const uint8_t *from, uint32_t from_format,
                        ptrdiff_t from_stride, size_t count) {
  const sample_layout *target = &layouts[plain(to_format)];
  const sample_layout *source = &layouts[plain(from_format)];
  uint64_t words[CHUNK];
  while (count > 0) {
    size_t length = count < CHUNK ? count : CHUNK;
    words_of(source->bytes)->fetch(words, from, from_stride, length);
    if (from_format & PCMIO_SWAPPED) {
      swap(words, source->bytes, length);
    }
    convert_words(words, target, source, length);
    if (to_format & PCMIO_SWAPPED) {
      swap(words, target->bytes, length);
    }
    words_of(target->bytes)->put(to, to_stride, words, length);
    from += (ptrdiff_t)length * from_stride;
    to += (ptrdiff_t)length * to_stride;
    count -= length;
  }
}

void pcmio_convert(void *to, uint32_t to_format, ptrdiff_t to_step, const void *from, uint32_t from_format,
                   ptrdiff_t from_step, size_t count) {
  if (!pcmio_can_convert(to_format, from_format) || count == 0) {
    return;
  }
  ptrdiff_t to_bytes = (ptrdiff_t)pcmio_format_bytes(to_format);
  ptrdiff_t from_bytes = (ptrdiff_t)pcmio_format_bytes(from_format);
  sample_loop *everyday = everyday_loop(to_format, from_format);
  if (everyday != NULL) {
    everyday(to, to_step * to_bytes, from, from_step * from_bytes, count);
  } else if (to_format != from_format) {
    convert_any(to, to_format, to_step * to_bytes, from, from_format, from_step * from_bytes, count);
  } else if (to_step == 1 && from_step == 1) {
    memcpy(to, from, count * (size_t)to_bytes);
  } else {
    words_of((uint32_t)to_bytes)->copy(to, to_step * to_bytes, from, from_step * from_bytes, count);
  }
}

void pcmio_silence(void *to, uint32_t format, ptrdiff_t step, size_t count) {
  uint32_t bytes = pcmio_format_bytes(format);
  if (bytes == 0 || count == 0) {
    return;
  }
  const sample_layout *layout = &layouts[plain(format)];
  bool same_bytes = layout->kind != UNSIGNED || bytes == 1;
  uint64_t silent = middle_of(layout);
  if (layout->kind == DSD) {
    silent = 0x6969696969696969u; /* as many ones as zeros, in a pattern too high to hear */
  }
  if (same_bytes && step == 1) {
    memset(to, (int)(silent & 0xff), count * bytes);
    return;
  }
  if (format & PCMIO_SWAPPED) {
    swap(&silent, bytes, 1);
  }
  uint8_t pattern[8];
  words_of(bytes)->put(pattern, 0, &silent, 1);
  words_of(bytes)->copy(to, step * (ptrdiff_t)bytes, pattern, 0, count);
}
