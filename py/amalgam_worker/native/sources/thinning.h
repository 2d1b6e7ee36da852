// Ways to thin out a task vector; see `methods.sparsify`.
#pragma once

#include "keep_largest.h"
#include "random_words.h"

enum Kind : int64_t { ALL = 0, NONE = 1, LARGEST = 2, BETWEEN = 3, RANDOM = 4, KEPT = 5 };

// How one model's chunk is thinned out; eleven numbers of 64 bits.
struct Thinning {
    int64_t kind;
    Cut kept, outliers;   // of LARGEST and BETWEEN: what lies before the first, but not before the second
    const int32_t *keys;  // of RANDOM: two numbers for each block of the mask that the chunk touches,
    int64_t place;        // the chunk's place in the first of them,
    int64_t limit;        // and the largest word that drops an element
    const uint8_t *bits;  // of KEPT: one for each element, as numpy packs them
};

// The bits of a byte, the highest first, as factors.
struct Ones {
    float of[256][8];
    constexpr Ones() : of() {
        for (int byte = 0; byte < 256; byte++)
            for (int b = 0; b < 8; b++) of[byte][b] = (float)(byte >> (7 - b) & 1);
    }
};
constexpr Ones ONES;

// How many elements equal to a cut's threshold have been met in the block in which some of them are kept.
struct Met {
    int64_t kept = 0, outliers = 0;
};

// Thins out a strip from place `first` of the chunk on, which begins with block `first_block`.
inline void thin(const Thinning &how, float *__restrict values, int64_t first, int64_t size, int64_t first_block,
                 Met &met) {
    const int64_t block = first_block + first / BLOCK;
    if (how.kind == NONE)
        for (int64_t i = 0; i < size; i++) values[i] = 0.0f;
    if (how.kind == LARGEST || how.kind == BETWEEN) keep_before(how.kept, values, size, block, met.kept);
    if (how.kind == BETWEEN) {
        float largest[PADDED];
        std::memcpy(largest, values, sizeof(float) * size);
        keep_before(how.outliers, largest, size, block, met.outliers);
        for (int64_t i = 0; i < size; i++) values[i] -= largest[i];
    }
    if (how.kind == RANDOM) {
        int32_t words[PADDED];
        random_words(how.keys, how.place + first, size, words);
        for (int64_t i = 0; i < size; i++) {
            // What is not finite does not become so.
            const float value = values[i], zero = value - value;
            values[i] = words[i] > how.limit ? value : zero;
        }
    }
    if (how.kind == KEPT) {
        const uint8_t *bits = how.bits + first / 8;
        // What is not finite does not become so.
        for (int64_t i = 0; i + 8 <= size; i += 8) {
            const float *ones = ONES.of[bits[i / 8]];
            for (int b = 0; b < 8; b++) values[i + b] *= ones[b];
        }
        for (int64_t i = size / 8 * 8; i < size; i++) values[i] *= ONES.of[bits[i / 8]][i % 8];
    }
}
