// Random masks with limits that depend on the rank of the magnitude in its row.
//
// Most words are above all limits or below all. Of the others most are decided by the least and the largest
// rank that the element's bucket has.
#include "random_words.h"
#include "row_order.h"

// Of so many elements of a row ranks are counted one by one.
constexpr int64_t FEW = 24;

// For each word the first rank with a limit that is not below it; the last limit is not.
static void first_ranks(const int32_t *__restrict limits, int64_t columns, const int32_t *__restrict words,
                        int64_t count, int32_t *__restrict ranks) {
    const double low = limits[0], spread = (double)limits[columns - 1] - low;
    const double scale = spread > 0 ? (double)(columns - 1) / spread : 0.0;
    const int32_t last = (int32_t)(columns - 1);
    for (int64_t i = 0; i < count; i++) {
        const double place = ((double)words[i] - low) * scale;
        const int32_t rank = (int32_t)place + ((double)(int32_t)place < place);
        ranks[i] = rank < last ? rank : last;
    }
    // Roundings apart that is it.
    for (int64_t i = 0; i < count; i++) {
        int32_t rank = ranks[i];
        while (rank > 0 && limits[rank - 1] >= words[i]) rank--;
        while (limits[rank] < words[i]) rank++;
        ranks[i] = rank;
    }
}

// Zeroes what has a word above the limit of its rank; limits ascend.
AMALGAM_KERNEL int64_t amalgam_drop_by_rank(float *values, int64_t rows, int64_t columns, const int32_t *limits,
                                            const int32_t *keys, int64_t first) {
    RowOrder order(columns);
    std::vector<int32_t> words(columns), open(columns + 1), wanted(columns + 1);
    std::vector<uint8_t> is_open(columns);
    std::vector<float> kept(columns);
    const int32_t low = limits[0], high = limits[columns - 1];
    const uint32_t spread = (uint32_t)high - (uint32_t)low;
    for (int64_t row = 0; row < rows; row++, values += columns, first += columns) {
        random_words(keys, first, columns, words.data());
        for (int64_t i = 0; i < columns; i++) {
            kept[i] = words[i] <= high ? 1.0f : 0.0f;
            is_open[i] = (uint32_t)words[i] - (uint32_t)low - 1 < spread;
        }
        int64_t count = 0, unsure = 0;
        for (int64_t i = 0; i < columns; i++) {
            open[count] = (int32_t)i;
            words[count] = words[i];
            count += is_open[i];
        }
        first_ranks(limits, columns, words.data(), count, wanted.data());
        if (count > 0) order.count(values);
        // Chance decides: without branches.
        for (int64_t o = 0; o < count; o++) {
            const int32_t i = open[o], rank = wanted[o];
            const bool may_stay = order.beyond(i) > rank, may_go = order.least(i) < rank;
            kept[i] = (float)may_stay;
            open[unsure] = i;
            wanted[unsure] = rank;
            unsure += may_stay & may_go;
        }
        const bool are_few = unsure <= FEW;
        for (int64_t u = 0; u < unsure && !are_few; u++) order.ask(open[u]);
        order.find();
        for (int64_t u = 0; u < unsure; u++) {
            const int64_t rank = are_few ? order.counted_rank(open[u]) : order.rank(open[u]);
            if (rank < wanted[u]) kept[open[u]] = 0.0f;
        }
        // What is not finite does not become so.
        for (int64_t i = 0; i < columns; i++) values[i] *= kept[i];
    }
    return 0;
}
