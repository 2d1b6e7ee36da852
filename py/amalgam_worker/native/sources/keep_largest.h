// Keeps what lies before a cut among magnitudes; see the torch version's `Cut`.
#pragma once

#include "magnitude.h"

struct Cut {
    int64_t threshold, block, kept;  // of int64 [3]

    // Not one element is kept: how a cut before the first is written.
    bool is_first() const { return kept == 0; }

    // Whether some of what equals the threshold is kept in a block, and some not.
    bool divides(int64_t other) const { return other == block && threshold != 0 && !is_first(); }

    // The last magnitude that is not kept in a block that is not divided.
    int32_t last_dropped(int64_t other) const {
        if (is_first()) return INT32_MAX;
        return (int32_t)threshold - (threshold == 0 || other <= block);
    }
};

inline float above(float value, int32_t last_dropped) { return bits_of(value) > last_dropped ? value : 0.0f; }

// Zeroes what is not kept of a strip that lies in one block; `equals` counts what equals the threshold in it.
inline void keep_before(const Cut &cut, float *values, int64_t size, int64_t block, int64_t &equals) {
    const int32_t last = cut.last_dropped(block);
    if (cut.divides(block))
        for (int64_t i = 0; i < size; i++)
            if (bits_of(values[i]) == cut.threshold && equals++ >= cut.kept) values[i] = 0.0f;
    for (int64_t i = 0; i < size; i++) values[i] = above(values[i], last);
}
