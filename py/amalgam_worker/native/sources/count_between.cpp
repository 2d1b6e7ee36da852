// Counts the magnitudes above a bracket and, block by block, how often each pattern inside it occurs.
#include "magnitude.h"

struct Bracket {
    int32_t low, high;
    int32_t frequent[4];
    int32_t frequents;
};

struct Found {
    int32_t *blocks, *patterns, *counts;
    int64_t rows;
    void add(int64_t block, int32_t pattern, int64_t count) {
        blocks[rows] = (int32_t)block;
        patterns[rows] = pattern;
        counts[rows++] = (int32_t)count;
    }
};

// What is inside a strip goes to `hits`; counts of frequent patterns, which do not, grow. The number above.
static int64_t sift(const float *values, int64_t size, const Bracket &bracket, int32_t *hits, int64_t &hit,
                    int64_t *frequent) {
    int32_t bits[STRIP];
    alignas(8) uint8_t inside[STRIP];
    int32_t above = 0;
    const uint32_t low = (uint32_t)bracket.low, width = (uint32_t)bracket.high - low;
    for (int64_t i = 0; i < size; i++) bits[i] = bits_of(values[i]);
    for (int64_t i = 0; i < size; i++) above += bits[i] > bracket.high;
    for (int64_t i = 0; i < size; i++) inside[i] = (uint32_t)bits[i] - low <= width;
    for (int32_t f = 0; f < bracket.frequents; f++) {
        const int32_t pattern = bracket.frequent[f];
        int32_t equal = 0;
        for (int64_t i = 0; i < size; i++) equal += bits[i] == pattern;
        for (int64_t i = 0; i < size; i++) inside[i] &= bits[i] != pattern;
        frequent[f] += equal;
    }
    int64_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t eight;
        std::memcpy(&eight, inside + i, 8);
        if (eight)
            for (int64_t j = i; j < i + 8; j++) {
                hits[hit] = bits[j];
                hit += inside[j];
            }
    }
    for (; i < size; i++)
        if (inside[i]) hits[hit++] = bits[i];
    return above;
}

// Counts equal patterns in a table with open addressing; `table` has room for twice as many pairs.
static void tally(const int32_t *hits, int64_t hit, int64_t block, int32_t *table, Found &found) {
    int32_t width = 4;
    while ((int64_t)1 << width < 2 * hit) width++;
    const uint32_t mask = (1u << width) - 1;
    // A count of zero is an empty place.
    std::memset(table, 0, sizeof(int32_t) * 2 * (mask + 1));
    for (int64_t i = 0; i < hit; i++) {
        uint32_t place = ((uint32_t)hits[i] * 2654435769u) >> (32 - width);
        while (table[2 * place + 1] && table[2 * place] != hits[i]) place = (place + 1) & mask;
        table[2 * place] = hits[i];
        table[2 * place + 1]++;
    }
    for (uint32_t place = 0; place <= mask; place++)
        if (table[2 * place + 1]) found.add(block, table[2 * place], table[2 * place + 1]);
}

// `hits` has room for a block, `table` for four; each row of `found` [3, capacity] for all that may be found.
AMALGAM_KERNEL int64_t amalgam_count_between(const float *values, int64_t elements, int32_t low, int32_t high,
                                             const int32_t *frequent, int32_t frequents, int64_t first_block,
                                             int32_t *hits, int32_t *table, int32_t *found, int64_t capacity,
                                             int64_t *rows) {
    Bracket bracket = {low, high, {0, 0, 0, 0}, frequents};
    for (int32_t f = 0; f < frequents; f++) bracket.frequent[f] = frequent[f];
    Found into = {found, found + capacity, found + 2 * capacity, 0};
    int64_t above = 0;
    for (int64_t first = 0; first < elements; first += BLOCK) {
        const int64_t last = smaller(first + BLOCK, elements), block = first_block + first / BLOCK;
        int64_t hit = 0, equal[4] = {0, 0, 0, 0};
        for (int64_t place = first; place < last; place += STRIP)
            above += sift(values + place, smaller(STRIP, last - place), bracket, hits, hit, equal);
        for (int32_t f = 0; f < frequents; f++) into.add(block, frequent[f], equal[f]);
        tally(hits, hit, block, table, into);
    }
    *rows = into.rows;
    return above;
}
