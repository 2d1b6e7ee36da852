// Random masks with limits that depend on the rank of the magnitude in its row.
#include "random_words.h"
#include "ranked_mask.h"

template <typename COUNT>
static void drop_by_rank(float *values, int64_t rows, int64_t columns, const RankLimits &limits, const int32_t *keys,
                         int64_t first) {
    RankedMask<COUNT> mask(columns);
    std::vector<uint32_t> hashes(columns);
    std::vector<int32_t> words(columns);
    std::vector<uint8_t> kept(columns);
    for (int64_t row = 0; row < rows; row++, values += columns, first += columns) {
        int32_t largest = 0;
        for (int64_t i = 0; i < columns; i++) {
            const int32_t bits = bits_of(values[i]);
            largest = bits > largest ? bits : largest;
        }
        hash_row(first, columns, hashes.data());
        random_words(keys, hashes.data(), first, columns, words.data());
        mask.decide(values, largest, limits, words.data(), kept.data());
        // What is not finite does not become so.
        for (int64_t i = 0; i < columns; i++) values[i] *= (float)kept[i];
    }
}

// Zeroes what has a word above the limit of its rank; limits ascend.
AMALGAM_KERNEL int64_t amalgam_drop_by_rank(float *values, int64_t rows, int64_t columns, const int32_t *limits,
                                            const int32_t *keys, int64_t first) {
    const RankLimits known(limits, columns);
    if (columns <= UINT16_MAX) drop_by_rank<uint16_t>(values, rows, columns, known, keys, first);
    else drop_by_rank<uint32_t>(values, rows, columns, known, keys, first);
    return 0;
}
