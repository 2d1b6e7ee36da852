// Sums as `kernels.sums.tree_sums` forms them: the second half is added to the first, until one value is left.
#pragma once

#include "kernels.h"

constexpr int64_t SUM_GROUP = 4096;

// Overwrites the values, one at least.
template <typename T> inline T tree_sum(T *values, int64_t count) {
    while (count > 1) {
        const int64_t half = (count + 1) / 2;
        T *__restrict first = values;
        const T *__restrict second = values + half;
        for (int64_t i = 0; i < count - half; i++) first[i] += second[i];
        count = half;
    }
    return values[0];
}

// A tree's value `place` once WIDTH rows are left of 16.
template <int WIDTH, typename T, typename At> inline T folded(const At &at, int64_t column, int place) {
    if constexpr (WIDTH == 16) return at(column + place * (SUM_GROUP / 16));
    else return folded<2 * WIDTH, T>(at, column, place) + folded<2 * WIDTH, T>(at, column, place + WIDTH);
}

// The tree of SUM_GROUP values that `at` gives by place; the upper four levels in registers.
template <typename T, typename At> inline T group_sum(const At &at) {
    T columns[SUM_GROUP / 16];
    for (int64_t column = 0; column < SUM_GROUP / 16; column++) columns[column] = folded<1, T>(at, column, 0);
    return tree_sum(columns, SUM_GROUP / 16);
}

// The tree of any number of values, one at least; `room` holds half of them, rounded up.
template <typename T, typename At> inline T run_sum(const At &at, int64_t count, T *__restrict room) {
    const int64_t half = (count + 1) / 2;
    for (int64_t i = 0; i < count - half; i++) room[i] = at(i) + at(i + half);
    if (count % 2) room[half - 1] = at(half - 1);
    return tree_sum(room, half);
}

// The tree of the group that begins at a place, of those that are left.
template <typename T, typename At> inline T group_or_rest(const At &at, int64_t left) {
    if (left >= SUM_GROUP) return group_sum<T>(at);
    T room[SUM_GROUP / 2];
    return run_sum<T>(at, left, room);
}
