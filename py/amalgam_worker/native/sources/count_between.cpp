// Counts the magnitudes above a bracket and, block by block, how often each pattern inside it occurs.
#include "magnitude.h"
#include "stored.h"

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
static int64_t sift(const int32_t *bits, int64_t size, const Bracket &bracket, int32_t *hits, int64_t &hit,
                    int64_t *frequent) {
    alignas(8) uint8_t inside[STRIP];
    int32_t above = 0;
    const uint32_t low = (uint32_t)bracket.low, width = (uint32_t)bracket.high - low;
    for (int64_t i = 0; i < size; i++) above += bits[i] > bracket.high;
    for (int64_t i = 0; i < size; i++) inside[i] = (uint32_t)bits[i] - low <= width;
    for (int32_t f = 0; f < bracket.frequents; f++) {
        const int32_t pattern = bracket.frequent[f];
        int32_t equal = 0;
        for (int64_t i = 0; i < size; i++) equal += bits[i] == pattern;
        for (int64_t i = 0; i < size; i++) inside[i] &= bits[i] != pattern;
        frequent[f] += equal;
    }
    // Without branches that nobody can foresee.
    int32_t touched[STRIP / 8];
    int64_t eights = 0;
    for (int64_t i = 0; i + 8 <= size; i += 8) {
        uint64_t eight;
        std::memcpy(&eight, inside + i, 8);
        touched[eights] = (int32_t)i;
        eights += eight != 0;
    }
    for (int64_t t = 0; t < eights; t++)
        for (int64_t i = touched[t]; i < touched[t] + 8; i++) {
            hits[hit] = bits[i];
            hit += inside[i];
        }
    for (int64_t i = size / 8 * 8; i < size; i++)
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

// The patterns of a strip of what is stored, less the base; no base: null.
static void read_bits(const Stored &values, const Stored *base, int64_t first, int64_t size, int32_t *bits) {
    float room[STRIP];
    const float *origin = base ? widened(*base, first, size, room) : nullptr;
    with_elements(values, first, [=](auto at) {
        if (origin)
            for (int64_t i = 0; i < size; i++) bits[i] = bits_of(at(i) - origin[i]);
        else
            for (int64_t i = 0; i < size; i++) bits[i] = bits_of(at(i));
    });
}

// `hits` has room for a block, `table` for four; each row of `found` [3, capacity] for all that may be found.
AMALGAM_KERNEL int64_t amalgam_count_between(const Stored *values, const Stored *base, int64_t elements, int32_t low,
                                             int32_t high, const int32_t *frequent, int32_t frequents,
                                             int64_t first_block, int32_t *hits, int32_t *table, int32_t *found, int64_t capacity,
                                             int64_t *rows) {
    Bracket bracket = {low, high, {0, 0, 0, 0}, frequents};
    for (int32_t f = 0; f < frequents; f++) bracket.frequent[f] = frequent[f];
    Found into = {found, found + capacity, found + 2 * capacity, 0};
    int64_t above = 0;
    for (int64_t first = 0; first < elements; first += BLOCK) {
        const int64_t last = smaller(first + BLOCK, elements), block = first_block + first / BLOCK;
        int64_t hit = 0, equal[4] = {0, 0, 0, 0};
        for (int64_t place = first; place < last; place += STRIP) {
            const int64_t size = smaller(STRIP, last - place);
            int32_t bits[STRIP];
            read_bits(*values, base, place, size, bits);
            above += sift(bits, size, bracket, hits, hit, equal);
        }
        for (int32_t f = 0; f < frequents; f++) into.add(block, frequent[f], equal[f]);
        tally(hits, hit, block, table, into);
    }
    *rows = into.rows;
    return above;
}
