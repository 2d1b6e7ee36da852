// Thins out a strip of a task vector.
#pragma once

#include "kept_bits.h"
#include "thinning_rules.h"

// How many elements equal to a cut's threshold have been met in the block that it divides.
struct Met {
    int64_t kept = 0, outliers = 0;
};

// Of a span that is a strip at most; `hashes` are of its places.
inline void thin(const Thinning &how, float *__restrict values, const Span &span, const uint32_t *__restrict hashes,
                 Met &met) {
    const int64_t size = span.size;
    if (with_rule(how, span, [=](auto rule) {
            for (int64_t i = 0; i < size; i++) values[i] = rule(values[i], hashes[i]);
        }))
        return;
    if (how.kind == RANDOM) {
        const int64_t rest = MASK_BLOCK - (how.place + span.first) % MASK_BLOCK;
        thin(how, values, span.part(0, rest), hashes, met);
        return thin(how, values + rest, span.part(rest, size), hashes + rest, met);
    }
    if (how.kind == KEPT) return keep_bits(how.bits + span.first / 8, values, size);
    keep_before(how.kept, values, size, span.block, met.kept);
    if (how.kind == BETWEEN) {
        float largest[PADDED];
        std::memcpy(largest, values, sizeof(float) * size);
        keep_before(how.outliers, largest, size, span.block, met.outliers);
        for (int64_t i = 0; i < size; i++) values[i] -= largest[i];
    }
}
