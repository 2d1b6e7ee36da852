// Random masks with one limit for all.
#include "random_words.h"

// Zeroes what has no word above the limit; what is not finite does not become so.
AMALGAM_KERNEL int64_t amalgam_drop_at_random(float *values, int64_t elements, const int32_t *key, int64_t first,
                                              int32_t limit) {
    const uint32_t word = (uint32_t)key[0], multiplier = (uint32_t)key[1], start = (uint32_t)first;
    for (int64_t i = 0; i < elements; i++) {
        const float value = values[i], zero = value - value;
        values[i] = random_word(start + (uint32_t)i, word, multiplier) > limit ? value : zero;
    }
    return 0;
}
