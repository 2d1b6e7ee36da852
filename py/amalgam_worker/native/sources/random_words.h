// The random words of `kernels.keep_mask`.
#pragma once

#include "kernels.h"

constexpr int64_t MASK_BLOCK = 262144;

// lowbias32 of Chris Wellons (hash-prospector, public domain).
inline uint32_t hashed_place(uint32_t place) {
    place ^= place >> 16;
    place *= 0x7feb352du;
    place ^= place >> 15;
    place *= 0x846ca68bu;
    return place ^ place >> 16;
}

inline int32_t random_word(uint32_t place, uint32_t key, uint32_t multiplier) {
    return (int32_t)((hashed_place(place) ^ key) * multiplier);
}

// The part of the words that is the same for all models, of places from `first` of the first block on.
inline void hash_row(int64_t first, int64_t count, uint32_t *__restrict hashes) {
    for (int64_t i = 0; i < count; i++)
        hashes[i] = hashed_place(((uint32_t)first + (uint32_t)i) & (MASK_BLOCK - 1));
}

// The words of such places; two numbers of a key per block.
inline void random_words(const int32_t *keys, const uint32_t *__restrict hashes, int64_t first, int64_t count,
                         int32_t *__restrict words) {
    for (int64_t done = 0; done < count;) {
        const int64_t block = (first + done) / MASK_BLOCK;
        const int64_t stop = smaller(count, (block + 1) * MASK_BLOCK - first);
        const uint32_t key = (uint32_t)keys[2 * block], multiplier = (uint32_t)keys[2 * block + 1];
        for (int64_t i = done; i < stop; i++) words[i] = (int32_t)((hashes[i] ^ key) * multiplier);
        done = stop;
    }
}
