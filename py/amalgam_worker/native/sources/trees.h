// Sums as `kernels.sums.tree_sums` forms them: the second half is added to the first, until one value is left.
#pragma once

#include "kernels.h"

// The upper levels of its tree add whole rows.
constexpr int64_t SUM_GROUP = 4096;
constexpr int SUM_ROWS = 16, SUM_COLUMNS = 256;

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

// The same of a fixed number, a power of two, which stay as they are.
template <int COUNT, typename T> inline T halved(const T *values) {
    T half[COUNT / 2];
    for (int i = 0; i < COUNT / 2; i++) half[i] = values[i] + values[i + COUNT / 2];
    if constexpr (COUNT == 2) return half[0];
    else return halved<COUNT / 2>(half);
}

// The value of row `row` once WIDTH rows are left; `two` adds one of the upper half to that below.
template <int WIDTH, typename T, typename Two> inline T folded(int row, const Two &two) {
    if constexpr (WIDTH == SUM_ROWS / 2) return two(row);
    else return folded<2 * WIDTH, T>(row, two) + folded<2 * WIDTH, T>(row + WIDTH, two);
}

// The tree of SUM_GROUP values that `at` gives by place; the upper four levels in registers.
template <typename T, typename At> inline T group_sum(const At &at) {
    T columns[SUM_COLUMNS];
    for (int64_t column = 0; column < SUM_COLUMNS; column++)
        columns[column] = folded<1, T>(0, [&at, column](int row) {
            const int64_t place = column + row * SUM_COLUMNS;
            return at(place) + at(place + SUM_GROUP / 2);
        });
    return halved<SUM_COLUMNS>(columns);
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
