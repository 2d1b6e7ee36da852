// Limits of random words that ascend with the rank, in steps that are nearly equal.
#pragma once

#include <cmath>

#include "kernels.h"

class RankLimits {
  public:
    RankLimits(const int32_t *limits, int64_t columns)
        : limits_(limits), low_(limits[0]), high_(limits[columns - 1]) {
        // Limits at either end may be alike.
        int64_t first = 0, last = columns - 1;
        while (first < last && limits[first + 1] == low_) first++;
        while (last > first && limits[last - 1] == high_) last--;
        start_ = (float)first;
        if (last > first) scale_ = (float)(last - first) / (float)((double)high_ - (double)low_);
        float apart = 0.0f;
        for (int64_t rank = first; rank <= last; rank++) {
            const float error = std::fabs(place(limits[rank]) - (float)rank);
            apart = error > apart ? error : apart;
        }
        slack_ = (int32_t)apart + 2;
    }

    // Words that are not above the first are so of every rank's limit; those above the second, of none's.
    int32_t low() const { return low_; }
    int32_t high() const { return high_; }

    bool keeps(int32_t word, int64_t rank) const { return word <= limits_[rank]; }

    // Nearly the first rank that keeps a word between them: closer to it than `slack`.
    int32_t about_first(int32_t word) const { return (int32_t)place(word); }
    int32_t slack() const { return slack_; }

  private:
    float place(int32_t word) const { return start_ + (float)((uint32_t)word - (uint32_t)low_) * scale_; }

    const int32_t *limits_;
    int32_t low_, high_, slack_ = 0;
    float start_ = 0.0f, scale_ = 0.0f;
};
