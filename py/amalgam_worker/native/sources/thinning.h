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

// Elements from a place of the chunk on, all in one block of the tensor.
struct Span {
    int64_t first, size, block;

    Span part(int64_t from, int64_t most) const { return {first + from, smaller(most, size - from), block}; }
};

// Where a thinning is RANDOM, the part of its words that is the same for all models.
inline void hash_places(const Thinning *thinnings, int64_t count, const Span &span, uint32_t *hashes) {
    for (int64_t v = 0; v < count; v++)
        if (thinnings[v].kind == RANDOM) return hash_row(thinnings[v].place + span.first, span.size, hashes);
}
