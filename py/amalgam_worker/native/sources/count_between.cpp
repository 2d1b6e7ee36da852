// Counts the magnitudes above a bracket and, block by block, how often each pattern inside it occurs.
#include "sift.h"
#include "stored.h"

struct Found {
    int32_t *blocks, *patterns, *counts;
    int64_t rows;
    void add(int64_t block, int32_t pattern, int64_t count) {
        blocks[rows] = (int32_t)block;
        patterns[rows] = pattern;
        counts[rows++] = (int32_t)count;
    }
};

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

// The patterns of what is stored, less the base; no base: null.
static void read_bits(const Stored &values, const Stored *base, int64_t first, int64_t size,
                      int32_t *__restrict bits) {
    with_elements(values, first, [=](auto at) {
        if (base)
            with_elements(*base, first, [=](auto from) {
                for (int64_t i = 0; i < size; i++) bits[i] = bits_of(at(i) - from(i));
            });
        else
            for (int64_t i = 0; i < size; i++) bits[i] = bits_of(at(i));
    });
}

// `hits` has room for a block and SPARE, `table` for four blocks; each row of `found` [3, capacity] for all that
// may be found.
AMALGAM_KERNEL int64_t amalgam_count_between(const Stored *values, const Stored *base, int64_t elements, int32_t low,
                                             int32_t high, const int32_t *frequent, int32_t frequents,
                                             int64_t first_block, int32_t *hits, int32_t *table, int32_t *found,
                                             int64_t capacity, int64_t *rows) {
    Bracket bracket = {low, high, {0, 0, 0, 0}, frequents};
    for (int32_t f = 0; f < frequents; f++) bracket.frequent[f] = frequent[f];
    Found into = {found, found + capacity, found + 2 * capacity, 0};
    int64_t above = 0;
    for (int64_t first = 0; first < elements; first += BLOCK) {
        const int64_t last = smaller(first + BLOCK, elements), block = first_block + first / BLOCK;
        Sifted sifted = {hits, 0, 0, {0, 0, 0, 0}};
        for (int64_t place = first; place < last; place += STRIP) {
            const int64_t size = smaller(STRIP, last - place);
            int32_t bits[STRIP];
            read_bits(*values, base, place, size, bits);
            sift(bits, size, bracket, sifted);
        }
        above += sifted.above;
        for (int32_t f = 0; f < frequents; f++) into.add(block, frequent[f], sifted.equal[f]);
        tally(hits, sifted.hits, block, table, into);
    }
    *rows = into.rows;
    return above;
}
