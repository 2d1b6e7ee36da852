// Random masks with limits that depend on the rank of the magnitude in its row.
//
// Most words are above all limits or below all. Of the others most are decided by the least and the largest
// rank that the element's bucket has.
#include "random_words.h"
#include "row_order.h"

// The first rank with a limit that is not below the word; the last limit is not.
static int64_t first_rank(const int32_t *limits, int64_t columns, int32_t word, double scale) {
    int64_t rank = (int64_t)(((double)word - (double)limits[0]) * scale);
    rank = rank < 0 ? 0 : rank < columns ? rank : columns - 1;
    while (rank > 0 && limits[rank - 1] >= word) rank--;
    while (limits[rank] < word) rank++;
    return rank;
}

// Zeroes what has a word above the limit of its rank; limits ascend.
AMALGAM_KERNEL int64_t amalgam_drop_by_rank(float *values, int64_t rows, int64_t columns, const int32_t *limits,
                                            const int32_t *keys, int64_t first) {
    RowOrder order(columns);
    std::vector<int32_t> words(columns), open(columns + 1), wanted(columns + 1);
    std::vector<float> kept(columns);
    const int32_t low = limits[0], high = limits[columns - 1];
    const double spread = (double)high - (double)low, scale = spread > 0 ? (double)(columns - 1) / spread : 0;
    for (int64_t row = 0; row < rows; row++, values += columns, first += columns) {
        random_words(keys, first, columns, words.data());
        for (int64_t i = 0; i < columns; i++) kept[i] = words[i] <= high ? 1.0f : 0.0f;
        int64_t count = 0, unsure = 0;
        for (int64_t i = 0; i < columns; i++) {
            open[count] = (int32_t)i;
            count += (words[i] > low) & (words[i] <= high);
        }
        if (count > 0) order.count(values);
        for (int64_t o = 0; o < count; o++) {
            const int32_t i = open[o];
            const int64_t rank = first_rank(limits, columns, words[i], scale);
            if (order.beyond(i) <= rank) kept[i] = 0.0f;
            else if (order.least(i) < rank) {
                order.ask(i);
                open[unsure] = i;
                wanted[unsure++] = (int32_t)rank;
            }
        }
        order.find();
        for (int64_t u = 0; u < unsure; u++)
            if (order.rank(open[u]) < wanted[u]) kept[open[u]] = 0.0f;
        // What is not finite does not become so.
        for (int64_t i = 0; i < columns; i++) values[i] *= kept[i];
    }
    return 0;
}
