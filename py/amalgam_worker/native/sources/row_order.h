// The order of magnitudes within a row, found only where it is asked for.
//
// Magnitudes are told apart by buckets first: zero, then the upper bits of the float32 pattern, which orders as
// the magnitude does. Where a bucket begins in the order is known from the counts of all; within a bucket the
// order is made on demand.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels.h"

class RowOrder {
  public:
    explicit RowOrder(int64_t columns) : columns_(columns), bucket_(columns), order_(columns), rank_(columns) {}

    // Takes in a row.
    void count(const float *values) {
        values_ = values;
        uint32_t largest = 0;
        for (int64_t i = 0; i < columns_; i++) {
            const uint32_t pattern = magnitude(values[i]);
            largest = pattern > largest ? pattern : largest;
        }
        const int32_t base = (int32_t)(largest >> SHIFT) - (BUCKETS - 1);
        for (int64_t i = 0; i < columns_; i++) {
            const uint32_t pattern = magnitude(values[i]);
            const int32_t upper = (int32_t)(pattern >> SHIFT) - base;
            bucket_[i] = (uint16_t)(pattern == 0 ? 0 : upper < 1 ? 1 : upper);
        }
        // Two tables: an element does not wait for its neighbour in the same bucket.
        std::memset(begin_, 0, sizeof begin_);
        std::memset(next_, 0, sizeof next_);
        for (int64_t i = 1; i < columns_; i += 2) {
            begin_[bucket_[i - 1]]++;
            next_[bucket_[i]]++;
        }
        if (columns_ % 2) begin_[bucket_[columns_ - 1]]++;
        uint32_t before = 0;
        for (int32_t b = 0; b < BUCKETS; b++) {
            const uint32_t here = begin_[b] + next_[b];
            begin_[b] = before;
            before += here;
        }
        begin_[BUCKETS] = before;
    }

    // An element's rank is this at least, and below `beyond`.
    int64_t least(int64_t i) const { return begin_[bucket_[i]]; }
    int64_t beyond(int64_t i) const { return begin_[bucket_[i] + 1]; }

    // Asks for the rank of an element, which `rank` tells after `find`.
    void ask(int64_t i) {
        const uint16_t b = bucket_[i];
        if (is_asked_[b]) return;
        is_asked_[b] = true;
        asked_[count_++] = b;
        next_[b] = begin_[b];
    }

    void find() {
        if (count_ == 0) return;
        for (int64_t i = 0; i < columns_; i++)
            if (is_asked_[bucket_[i]]) order_[next_[bucket_[i]]++] = (int32_t)i;
        for (; count_ > 0; count_--) {
            const uint16_t b = asked_[count_ - 1];
            is_asked_[b] = false;
            sort(begin_[b], begin_[b + 1]);
            for (uint32_t place = begin_[b]; place < begin_[b + 1]; place++) rank_[order_[place]] = (int32_t)place;
        }
    }

    int64_t rank(int64_t i) const { return rank_[i]; }

    // The rank of an element, by comparing it with all others.
    int64_t counted_rank(int64_t i) const {
        const uint32_t pattern = magnitude(values_[i]);
        int32_t before = 0;
        for (int64_t other = 0; other < i; other++) before += magnitude(values_[other]) <= pattern;
        for (int64_t other = i + 1; other < columns_; other++) before += magnitude(values_[other]) < pattern;
        return before;
    }

  private:
    static constexpr int32_t SHIFT = 16, BUCKETS = 2048;

    static uint32_t magnitude(float value) {
        uint32_t pattern;
        std::memcpy(&pattern, &value, sizeof pattern);
        return pattern & 0x7fffffffu;
    }

    // Sorts a bucket by magnitude, then by index; it comes sorted by index.
    void sort(uint32_t begin, uint32_t end) {
        bool is_sorted = true;
        uint32_t last = 0;
        pairs_.clear();
        for (uint32_t place = begin; place < end; place++) {
            const uint32_t pattern = magnitude(values_[order_[place]]);
            is_sorted &= pattern >= last;
            last = pattern;
            pairs_.push_back((uint64_t)pattern << 32 | (uint32_t)order_[place]);
        }
        if (is_sorted) return;
        std::sort(pairs_.begin(), pairs_.end());
        for (uint32_t place = begin; place < end; place++) order_[place] = (int32_t)pairs_[place - begin];
    }

    int64_t columns_;
    const float *values_ = nullptr;
    std::vector<uint16_t> bucket_;
    std::vector<int32_t> order_, rank_;
    std::vector<uint64_t> pairs_;
    uint32_t begin_[BUCKETS + 1], next_[BUCKETS];
    uint16_t asked_[BUCKETS];
    bool is_asked_[BUCKETS] = {};
    int32_t count_ = 0;
};
