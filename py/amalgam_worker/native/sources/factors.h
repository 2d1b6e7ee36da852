// Vectors as they are stored, or what they differ from a base, of which some pairs are multiplied.
#pragma once

#include <vector>

#include "pair_products.h"

// Products and sums are of type T.
template <typename T> class Factors {
  public:
    // `base` may be null; `places` are two of each pair.
    Factors(const Stored *vectors, int64_t count, const Stored *base, const int64_t *places, int64_t pairs)
        : vectors_(vectors), base_(base), count_(count), places_(places), pairs_(pairs),
          all_(count <= 4 && pairs * 4 > count * (count + 1)), tiles_(count),
          columns_(all_ ? count * (count + 1) / 2 : pairs) {}

    // Sums of the pairs' products in the group that begins at a place; `stride` lies between two sums.
    void take(int64_t first, int64_t left, double *sums, int64_t stride) {
        if (left < SUM_GROUP) return take_rest(first, left, sums, stride);
        for (int64_t column = 0; column < SUM_COLUMNS; column += TILE) {
            load_tiles(first + column);
            if (all_) multiply_few(column);
            for (int64_t p = 0; p < pairs_ && !all_; p++)
                multiply(tiles_[one(p)], tiles_[other(p)], column, &columns_[p]);
        }
        for (int64_t p = 0; p < pairs_; p++) {
            const int64_t place = all_ ? place_of_pair(one(p), other(p)) : p;
            sums[p * stride] = halved<SUM_COLUMNS>(columns_[place].values);
        }
    }

  private:
    int64_t one(int64_t pair) const { return places_[2 * pair]; }
    int64_t other(int64_t pair) const { return places_[2 * pair + 1]; }

    void load_tiles(int64_t first) {
        Tile origin;
        if (base_) load(*base_, first, nullptr, origin);
        for (int64_t v = 0; v < count_; v++) load(vectors_[v], first, base_ ? &origin : nullptr, tiles_[v]);
    }

    void multiply_few(int64_t column) {
        if (count_ == 1) multiply_all<1>(tiles_.data(), column, columns_.data());
        else if (count_ == 2) multiply_all<2>(tiles_.data(), column, columns_.data());
        else if (count_ == 3) multiply_all<3>(tiles_.data(), column, columns_.data());
        else multiply_all<4>(tiles_.data(), column, columns_.data());
    }

    void take_rest(int64_t first, int64_t size, double *sums, int64_t stride) const {
        std::vector<float> room((count_ + 1) * size);
        std::vector<const float *> rest(count_);
        const float *origin = base_ ? widened(*base_, first, size, room.data()) : nullptr;
        for (int64_t v = 0; v < count_; v++) {
            float *own = room.data() + (v + 1) * size;
            rest[v] = own;
            if (origin) subtract(vectors_[v], first, origin, size, own);
            else rest[v] = widened(vectors_[v], first, size, own);
        }
        T half[SUM_GROUP / 2];
        for (int64_t p = 0; p < pairs_; p++) {
            const float *left = rest[one(p)], *right = rest[other(p)];
            const auto product = [left, right](int64_t i) { return (T)left[i] * (T)right[i]; };
            sums[p * stride] = run_sum<T>(product, size, half);
        }
    }

    const Stored *vectors_, *base_;
    int64_t count_;
    const int64_t *places_;
    int64_t pairs_;
    bool all_;  // whether all pairs are multiplied, though some may not be asked for
    std::vector<Tile> tiles_;
    std::vector<Columns<T>> columns_;
};
