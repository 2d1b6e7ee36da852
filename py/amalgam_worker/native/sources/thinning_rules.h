// What thinning leaves of a value, given its hashed place: where the same holds for every element of a span.
#pragma once

#include "thinning.h"

// ALL, NONE and LARGEST.
struct Above {
    int32_t last;

    static bool fits(const Thinning &how, const Span &span) {
        return how.kind == ALL || how.kind == NONE || (how.kind == LARGEST && !how.kept.divides(span.block));
    }
    static Above of(const Thinning &how, const Span &span) {
        return {how.kind == ALL ? -1 : how.kind == NONE ? INT32_MAX : how.kept.last_dropped(span.block)};
    }
    float operator()(float value, uint32_t) const { return above(value, last); }
};

// BETWEEN.
struct Within {
    int32_t last, last_inlier;

    static bool fits(const Thinning &how, const Span &span) {
        return how.kind == BETWEEN && !how.kept.divides(span.block) && !how.outliers.divides(span.block);
    }
    static Within of(const Thinning &how, const Span &span) {
        return {how.kept.last_dropped(span.block), how.outliers.last_dropped(span.block)};
    }
    float operator()(float value, uint32_t) const {
        const float kept = above(value, last);
        return kept - above(kept, last_inlier);
    }
};

// RANDOM, in one block of the mask: what has a word above the limit. What is not finite does not become so.
struct Drawn {
    uint32_t key, multiplier;
    int32_t limit;

    static bool fits(const Thinning &how, const Span &span) {
        const int64_t first = how.place + span.first;
        return how.kind == RANDOM && first / MASK_BLOCK == (first + span.size - 1) / MASK_BLOCK;
    }
    static Drawn of(const Thinning &how, const Span &span) {
        const int32_t *keys = how.keys + 2 * ((how.place + span.first) / MASK_BLOCK);
        return {(uint32_t)keys[0], (uint32_t)keys[1], (int32_t)how.limit};
    }
    float operator()(float value, uint32_t hash) const {
        return (int32_t)((hash ^ key) * multiplier) > limit ? value : value - value;
    }
};

// Calls `use` with the rule, if there is one.
template <typename Use> inline bool with_rule(const Thinning &how, const Span &span, const Use &use) {
    if (Above::fits(how, span)) use(Above::of(how, span));
    else if (Within::fits(how, span)) use(Within::of(how, span));
    else if (Drawn::fits(how, span)) use(Drawn::of(how, span));
    else return false;
    return true;
}
