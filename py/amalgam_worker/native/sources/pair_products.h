// Products of vectors, added up as trees of groups are: a tile at a time, which stays in the first-level cache.
#pragma once

#include <cmath>

#include "stored.h"
#include "trees.h"

constexpr int TILE = 64;

// Some columns of a group.
struct alignas(64) Tile {
    float rows[SUM_ROWS][TILE];
};

// What is left of a group once its rows are added.
template <typename T> struct alignas(64) Columns {
    T values[SUM_COLUMNS];
};

// The elements of columns that begin at `first`, or what they differ from others.
inline void load(const Stored &stored, int64_t first, const Tile *other, Tile &tile) {
    with_elements(stored, first, [other, &tile](auto at) {
        for (int row = 0; row < SUM_ROWS; row++) {
            const int64_t begin = row * SUM_COLUMNS;
            if (other)
                for (int i = 0; i < TILE; i++) tile.rows[row][i] = at(begin + i) - other->rows[row][i];
            else
                for (int i = 0; i < TILE; i++) tile.rows[row][i] = at(begin + i);
        }
    });
}

inline float plus_product(float sum, float one, float other) { return sum + one * other; }

// Of float32 numbers, whose products are exact: adding them at once rounds no differently.
inline double plus_product(double sum, double one, double other) {
#ifdef FP_FAST_FMA
    return __builtin_fma(one, other, sum);
#else
    return sum + one * other;
#endif
}

// The place of a pair among all pairs: each with itself and with those before it.
constexpr int64_t place_of_pair(int64_t one, int64_t other) {
    return one < other ? other * (other + 1) / 2 + one : one * (one + 1) / 2 + other;
}

// A number for each pair of COUNT, four at most.
template <typename T, int COUNT> struct OfPairs {
    static constexpr int PAIRS = COUNT * (COUNT + 1) / 2;
    T values[PAIRS];

    static constexpr int later(int pair) { return pair < 1 ? 0 : pair < 3 ? 1 : pair < 6 ? 2 : 3; }

    OfPairs operator+(const OfPairs &other) const {
        OfPairs sums;
        for (int p = 0; p < PAIRS; p++) sums.values[p] = values[p] + other.values[p];
        return sums;
    }
};

// All pairs of a few vectors: each element is read and made a T once.
template <int COUNT, typename T> inline void multiply_all(const Tile *tiles, int64_t column,
                                                          Columns<T> *__restrict sums) {
    using Sums = OfPairs<T, COUNT>;
    for (int i = 0; i < TILE; i++) {
        const Sums sum = folded<1, Sums>(0, [tiles, i](int row) {
            T upper[COUNT], lower[COUNT];
            for (int v = 0; v < COUNT; v++) upper[v] = tiles[v].rows[row][i];
            for (int v = 0; v < COUNT; v++) lower[v] = tiles[v].rows[row + SUM_ROWS / 2][i];
            Sums two;
            for (int p = 0; p < Sums::PAIRS; p++) {
                const int one = Sums::later(p), other = p - one * (one + 1) / 2;
                two.values[p] = plus_product(upper[one] * upper[other], lower[one], lower[other]);
            }
            return two;
        });
        for (int p = 0; p < Sums::PAIRS; p++) sums[p].values[column + i] = sum.values[p];
    }
}

// One pair.
template <typename T>
inline void multiply(const Tile &left, const Tile &right, int64_t column, Columns<T> *__restrict sums) {
    const float *one = left.rows[0], *other = right.rows[0];
    for (int i = 0; i < TILE; i++)
        sums->values[column + i] = folded<1, T>(0, [one, other, i](int row) {
            const int place = row * TILE + i, below = place + SUM_ROWS / 2 * TILE;
            return plus_product((T)one[place] * (T)other[place], (T)one[below], (T)other[below]);
        });
}
