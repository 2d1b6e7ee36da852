// Keeps what lies before a cut among magnitudes; see the torch version's `Cut`.
#pragma once

#include "magnitude.h"

struct Cut {
    int64_t threshold, block, kept;  // of int64 [3]

    // Not one element is kept: how a cut before the first is written.
    bool is_first() const { return kept == 0; }
};

// Zeroes what is not kept of a strip that lies in one block; `equals` counts what equals the threshold in it.
inline void keep_before(const Cut &cut, float *values, int64_t size, int64_t block, int64_t &equals) {
    const int32_t least = (int32_t)cut.threshold + (block > cut.block);
    if (cut.threshold == 0 && !cut.is_first()) return;
    if (cut.is_first()) {
        for (int64_t i = 0; i < size; i++) values[i] = 0.0f;
        return;
    }
    if (block == cut.block)
        for (int64_t i = 0; i < size; i++)
            if (bits_of(values[i]) == cut.threshold && equals++ >= cut.kept) values[i] = 0.0f;
    for (int64_t i = 0; i < size; i++) values[i] = bits_of(values[i]) < least ? 0.0f : values[i];
}
