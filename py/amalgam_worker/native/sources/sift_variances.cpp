// What lies above a bracket of variances and inside it, with the squares of the differences to the base.
#include "near_variance.h"
#include "trees.h"

// Of what is inside the bracket in one block, in the order of the elements.
struct Inside {
    int32_t *patterns;  // room for a block
    float *values;      // the differences of every model
    int64_t hits;
};

// Rows of what was found: a block, a pattern, its number of elements, and per model its sum of squares.
struct Rows {
    int32_t *blocks, *patterns, *counts;
    double *squares;
    int64_t rows;
};

// Adds up equal patterns, each in the order of the elements, in a table with open addressing.
static void tally(const Inside &found, int64_t count, int64_t block, std::vector<int32_t> &table, Rows &into) {
    int32_t width = 4;
    while ((int64_t)1 << width < 2 * found.hits) width++;
    const uint32_t mask = (1u << width) - 1;
    // The number of a row, from 1: zero is an empty place.
    table.assign((size_t)mask + 1, 0);
    const int64_t first = into.rows;
    for (int64_t i = 0; i < found.hits; i++) {
        const int32_t pattern = found.patterns[i];
        uint32_t place = ((uint32_t)pattern * 2654435769u) >> (32 - width);
        while (table[place] && into.patterns[first + table[place] - 1] != pattern) place = (place + 1) & mask;
        if (!table[place]) {
            into.blocks[into.rows] = (int32_t)block;
            into.patterns[into.rows] = pattern;
            into.counts[into.rows] = 0;
            for (int64_t v = 0; v < count; v++) into.squares[into.rows * count + v] = 0.0;
            table[place] = (int32_t)(++into.rows - first);
        }
        const int64_t row = first + table[place] - 1;
        into.counts[row]++;
        for (int64_t v = 0; v < count; v++) {
            const double value = (double)found.values[i * count + v];
            into.squares[row * count + v] += value * value;
        }
    }
}

// `patterns` and `values` have room for a block, `found` [3, capacity] and `squares` [capacity, count] for every
// element; `energies` [blocks, count] are of what lies above. `low` is above zero. `told`: the numbers of rows,
// above and of what is not zero.
AMALGAM_KERNEL int64_t amalgam_sift_variances(const Stored *vectors, const Stored *base, int64_t count,
                                              int64_t elements, int32_t low, int32_t high, int64_t first_block,
                                              int32_t *patterns, float *values, int32_t *found, double *squares,
                                              int64_t capacity, double *energies, int64_t *told) {
    constexpr int64_t GROUPS = BLOCK / SUM_GROUP;
    Differences differences(count, SUM_GROUP);
    Inside inside = {patterns, values, 0};
    Rows into = {found, found + capacity, found + 2 * capacity, squares, 0};
    std::vector<int32_t> table;
    std::vector<double> by_group(count * GROUPS);
    std::vector<const float *> strips(count);
    float variances[SUM_GROUP];
    int32_t places[STRIP];
    int64_t above = 0, nonzero = 0;
    for (int64_t start = 0; start < elements; start += BLOCK) {
        const int64_t size = smaller(BLOCK, elements - start), groups = (size + SUM_GROUP - 1) / SUM_GROUP;
        inside.hits = 0;
        for (int64_t group = 0; group < groups; group++) {
            const int64_t first = start + group * SUM_GROUP, left = smaller(SUM_GROUP, start + size - first);
            differences.take(vectors, *base, first, left);
            for (int64_t strip = 0; strip < left; strip += STRIP) {
                for (int64_t v = 0; v < count; v++) strips[v] = differences.vectors()[v] + strip;
                const int64_t some = smaller(STRIP, left - strip);
                float *each = variances + strip;
                const int64_t listed = near_variances(strips.data(), count, some, low, high, each, places);
                int32_t more = 0, present = 0;
                for (int64_t i = 0; i < some; i++) more += bits_of(each[i]) > high;
                for (int64_t i = 0; i < some; i++) present += bits_of(each[i]) > 0;
                above += more;
                nonzero += present;
                for (int64_t p = 0; p < listed; p++) {
                    const int32_t bits = bits_of(each[places[p]]);
                    inside.patterns[inside.hits] = bits;
                    for (int64_t v = 0; v < count; v++)
                        inside.values[inside.hits * count + v] = strips[v][places[p]];
                    inside.hits += bits >= low && bits <= high;
                }
            }
            for (int64_t v = 0; v < count; v++) {
                const float *of = differences.vectors()[v];
                by_group[v * GROUPS + group] = group_or_rest<double>(
                    [&](int64_t i) {
                        const double value = bits_of(variances[i]) > high ? (double)of[i] : 0.0;
                        return value * value;
                    },
                    left);
            }
        }
        for (int64_t v = 0; v < count; v++) *energies++ = tree_sum(by_group.data() + v * GROUPS, groups);
        tally(inside, count, first_block + start / BLOCK, table, into);
    }
    told[0] = into.rows;
    told[1] = above;
    told[2] = nonzero;
    return 0;
}
