// Sums of groups of elements that come in rows, which need not fill them.
#pragma once

#include <vector>

#include "trees.h"

class RowGroups {
  public:
    // `sums`: of each SUM_GROUP elements and of the rest. `bits`, one for each element, or none.
    RowGroups(int64_t columns, float *sums, uint8_t *bits)
        : columns_(columns), values_(columns + SUM_GROUP), sums_(sums), bits_(bits) {}

    // Where the next row goes.
    float *row() { return values_.data() + waiting_; }

    void take_row() {
        waiting_ += columns_;
        int64_t first = 0;
        for (; waiting_ - first >= SUM_GROUP; first += SUM_GROUP) take(values_.data() + first, SUM_GROUP);
        waiting_ -= first;
        if (first > 0) std::memmove(values_.data(), values_.data() + first, sizeof(float) * waiting_);
    }

    void take_rest() {
        if (waiting_ > 0) take(values_.data(), waiting_);
    }

  private:
    void take(const float *group, int64_t size) {
        *sums_++ = group_or_rest<float>([group](int64_t i) { return group[i]; }, size);
        if (bits_) pack(group, size);
    }

    // A bit for each value that is not zero, the first in the highest place of a byte.
    void pack(const float *group, int64_t size) {
        uint8_t ones[SUM_GROUP + 8];
        for (int64_t i = 0; i < size; i++) ones[i] = group[i] != 0.0f;
        std::memset(ones + size, 0, 8);
        for (int64_t i = 0; i < size; i += 8) {
            uint64_t eight;
            std::memcpy(&eight, ones + i, sizeof eight);
            *bits_++ = (uint8_t)(eight * 0x8040201008040201u >> 56);
        }
    }

    int64_t columns_, waiting_ = 0;
    std::vector<float> values_;
    float *sums_;
    uint8_t *bits_;
};
