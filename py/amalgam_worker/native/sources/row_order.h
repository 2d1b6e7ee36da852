// The order of magnitudes within a row, found only where it is asked for.
//
// Magnitudes are told apart by buckets first: by the upper half of the float32 pattern, which orders as the
// magnitude does, and by whether the lower half is zero. Where it is, as in most differences of bfloat16 numbers,
// all in a bucket are equal, and in the order of their index.
#pragma once

#include <algorithm>
#include <vector>

#include "magnitude.h"

// COUNT holds the length of a row.
template <typename COUNT> class RowOrder {
  public:
    explicit RowOrder(int64_t columns)
        : columns_(columns), part_((columns + PARTS - 1) / PARTS), bucket_(columns), place_(columns) {}

    // Takes in a row of which the largest bit pattern of a magnitude is known.
    void count(const float *__restrict values, int32_t largest) {
        values_ = values;
        is_sorted_ = false;
        const int32_t lowest = 2 * ((largest >> 16) - (BUCKETS / 2 - 1));
        uint16_t *__restrict bucket = bucket_.data();
        for (int64_t i = 0; i < columns_; i++) {
            const int32_t bits = bits_of(values[i]), place = (bits >> 15 | 1) - ((bits & 0xffff) == 0) - lowest;
            const uint16_t b = (uint16_t)(place < 0 ? 0 : place);
            bucket[i] = (uint16_t)((uint16_t)((b & (DEPTH - 1)) * LANES) | (uint16_t)(b / DEPTH));
        }
        // A table for each part: an element does not wait for its neighbour in the same bucket.
        std::memset(counts_, 0, sizeof counts_);
        for (int64_t i = 0; i < columns_ - part_; i++) {
            counts_[0][bucket[i]]++;
            counts_[1][bucket[part_ + i]]++;
        }
        if (columns_ % PARTS) counts_[0][bucket[part_ - 1]]++;
        add_up();
    }

    // An element's rank is this at least, and below `beyond`.
    int64_t least(int64_t i) const { return begin_[bucket_[i]]; }
    int64_t beyond(int64_t i) const { return begin_[bucket_[i] + LANES]; }

    // Whether all in an element's bucket are equal; the lowest takes in what is too small to be told apart.
    bool is_among_equals(int64_t i) const { return bucket_[i] > 0 && bucket_[i] / LANES % 2 == 0; }

    int64_t rank_among_equals(int64_t i) const {
        const uint16_t *bucket = bucket_.data();
        const uint16_t b = bucket[i];
        const int64_t first = i < part_ ? 0 : part_;
        int32_t before = first > 0 ? counts_[0][b] : 0;
        for (int64_t other = first; other < i; other++) before += bucket[other] == b;
        return begin_[b] + before;
    }

    // By comparing the element with all others.
    int64_t counted_rank(int64_t i) const {
        const int32_t bits = bits_of(values_[i]);
        int32_t before = 0;
        for (int64_t other = 0; other < i; other++) before += bits_of(values_[other]) <= bits;
        for (int64_t other = i + 1; other < columns_; other++) before += bits_of(values_[other]) < bits;
        return before;
    }

    // By sorting all, once.
    int64_t sorted_rank(int64_t i) {
        if (!is_sorted_) sort();
        return place_[i];
    }

  private:
    // Buckets are laid out so that each lane of a vector adds up a run of DEPTH of them.
    static constexpr int32_t BUCKETS = 2048, LANES = 32, DEPTH = BUCKETS / LANES;
    static constexpr int64_t PARTS = 2;

    void add_up() {
        COUNT sums[LANES] = {};
        for (int32_t first = 0; first < BUCKETS; first += LANES)
            for (int32_t lane = 0; lane < LANES; lane++) {
                const int32_t b = first + lane;
                begin_[b] = sums[lane];
                sums[lane] = (COUNT)(sums[lane] + counts_[0][b] + counts_[1][b]);
            }
        COUNT before = 0;
        for (int32_t lane = 0; lane < LANES; lane++) {
            const COUNT here = sums[lane];
            sums[lane] = before;
            before = (COUNT)(before + here);
            begin_[BUCKETS + lane] = before;
        }
        for (int32_t first = 0; first < BUCKETS; first += LANES)
            for (int32_t lane = 0; lane < LANES; lane++) begin_[first + lane] += sums[lane];
    }

    void sort() {
        std::vector<uint64_t> pairs(columns_);
        for (int64_t i = 0; i < columns_; i++) pairs[i] = (uint64_t)bits_of(values_[i]) << 32 | (uint32_t)i;
        std::sort(pairs.begin(), pairs.end());
        for (int64_t place = 0; place < columns_; place++) place_[(uint32_t)pairs[place]] = (int32_t)place;
        is_sorted_ = true;
    }

    int64_t columns_, part_;
    const float *values_ = nullptr;
    bool is_sorted_ = false;
    std::vector<uint16_t> bucket_;
    std::vector<int32_t> place_;
    COUNT counts_[PARTS][BUCKETS], begin_[BUCKETS + LANES];
};
