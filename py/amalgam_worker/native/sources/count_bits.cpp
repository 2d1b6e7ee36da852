// Histograms of magnitudes by their bits.
#include "magnitude.h"

// Adds to [32768] the numbers of elements by the top 16 bits.
AMALGAM_KERNEL int64_t amalgam_count_top_bits(const float *values, int64_t elements, int64_t *counts) {
    for (int64_t i = 0; i < elements; i++) counts[bits_of(values[i]) >> 16]++;
    return 0;
}

// Adds to [65536] the numbers of elements by the low 16 bits, of those whose top 16 are `top`.
AMALGAM_KERNEL int64_t amalgam_count_low_bits(const float *values, int64_t elements, int32_t top, int64_t *counts) {
    for (int64_t i = 0; i < elements; i++) {
        const int32_t bits = bits_of(values[i]);
        if (bits >> 16 == top) counts[bits & 0xffff]++;
    }
    return 0;
}

// How many elements have this pattern.
AMALGAM_KERNEL int64_t amalgam_count_equal(const float *values, int64_t elements, int32_t pattern) {
    int64_t equal = 0;
    for (int64_t first = 0; first < elements; first += STRIP) {
        const int64_t size = smaller(STRIP, elements - first);
        int32_t some = 0;
        for (int64_t i = 0; i < size; i++) some += bits_of(values[first + i]) == pattern;
        equal += some;
    }
    return equal;
}
