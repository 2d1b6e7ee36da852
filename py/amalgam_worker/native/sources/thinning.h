// Ways to thin out a task vector; see `methods.sparsify`.
#pragma once

#include "keep_largest.h"
#include "kept_bits.h"
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

// How many elements equal to a cut's threshold have been met in the block in which some of them are kept.
struct Met {
    int64_t kept = 0, outliers = 0;
};

inline bool any_at_random(const Thinning *thinnings, int64_t count) {
    for (int64_t v = 0; v < count; v++)
        if (thinnings[v].kind == RANDOM) return true;
    return false;
}

// The part of random words that is the same for all models, from place `first` of the chunk on.
inline void hash_places(const Thinning *thinnings, int64_t count, int64_t first, int64_t size,
                        uint32_t *hashes) {
    int64_t v = 0;
    while (v < count - 1 && thinnings[v].kind != RANDOM) v++;
    hash_row(thinnings[v].place + first, size, hashes);
}

// Zeroes what has no word above the limit; what is not finite does not become so.
inline void drop_at_random(const Thinning &how, const uint32_t *__restrict hashes, int64_t first, int64_t size,
                           float *__restrict values) {
    const int32_t limit = (int32_t)how.limit;
    for (int64_t done = 0; done < size;) {
        const int64_t block = (how.place + first + done) / MASK_BLOCK;
        const int64_t stop = smaller(size, (block + 1) * MASK_BLOCK - how.place - first);
        const uint32_t key = (uint32_t)how.keys[2 * block], multiplier = (uint32_t)how.keys[2 * block + 1];
        for (int64_t i = done; i < stop; i++) {
            const float value = values[i], zero = value - value;
            values[i] = (int32_t)((hashes[i] ^ key) * multiplier) > limit ? value : zero;
        }
        done = stop;
    }
}

// Thins out a strip from place `first` of the chunk on, which begins with block `first_block`; `hashes` are of
// its places.
inline void thin(const Thinning &how, float *__restrict values, int64_t first, int64_t size, int64_t first_block,
                 const uint32_t *hashes, Met &met) {
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
    if (how.kind == RANDOM) drop_at_random(how, hashes, first, size, values);
    if (how.kind == KEPT) keep_bits(how.bits + first / 8, values, size);
}
