// Random masks of rows with limits that depend on the rank of the magnitude.
//
// Most words are above all limits or below all. Of the others most are decided by the least and the largest
// rank that the element can have.
#pragma once

#include "rank_limits.h"
#include "row_order.h"
#include "words_between.h"

template <typename COUNT> class RankedMask {
  public:
    explicit RankedMask(int64_t columns)
        : order_(columns), columns_(columns), word_(columns + SPARE), open_(columns + SPARE) {}

    // 1 for what has no word above the limit of its rank, 0 for the rest; of zeros any. `largest`: of the bit
    // patterns of the magnitudes.
    void decide(const float *values, int32_t largest, const RankLimits &limits, const int32_t *__restrict words,
                uint8_t *__restrict kept) {
        const int32_t high = limits.high();
        for (int64_t i = 0; i < columns_; i++) kept[i] = words[i] <= high;
        const int64_t count = words_between(words, columns_, limits.low(), high, word_.data(), open_.data());
        if (count == 0) return;
        for (int64_t o = 0; o < count; o++) word_[o] = limits.about_first(word_[o]);
        order_.count(values, largest);
        const int32_t slack = limits.slack();
        int64_t unsure = 0, among_others = 0;
        // Chance decides: without branches.
        for (int64_t o = 0; o < count; o++) {
            const int32_t i = open_[o], first = word_[o];
            const bool stays = order_.least(i) >= first + slack, may_stay = order_.beyond(i) > first - slack;
            kept[i] = stays;
            open_[unsure] = i;
            unsure += may_stay & !stays;
        }
        for (int64_t u = 0; u < unsure; u++) {
            const int32_t i = open_[u];
            if (values[i] != 0.0f) kept[i] = limits.keeps(words[i], rank(i, among_others));
        }
    }

  private:
    // Of so many elements of a row ranks are counted one by one.
    static constexpr int64_t FEW = 48;

    int64_t rank(int64_t i, int64_t &among_others) {
        if (order_.is_among_equals(i)) return order_.rank_among_equals(i);
        return ++among_others <= FEW ? order_.counted_rank(i) : order_.sorted_rank(i);
    }

    RowOrder<COUNT> order_;
    int64_t columns_;
    std::vector<int32_t> word_, open_;
};
