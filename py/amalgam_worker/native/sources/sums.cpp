// Sums and dot products whose bits are the same everywhere; see kernels.sums and kernels.gram.
#include <cmath>
#include <vector>

#include "factors.h"

// Sums of each SUM_GROUP values and of the rest.
AMALGAM_KERNEL int64_t amalgam_group_sums(const float *values, int64_t elements, float *sums) {
    for (int64_t first = 0; first < elements; first += SUM_GROUP) {
        const float *group = values + first;
        *sums++ = group_or_rest<float>([group](int64_t i) { return group[i]; }, elements - first);
    }
    return 0;
}

// Per pair and group a float32 sum of float32 products, or where it is not finite what float64 makes of it.
AMALGAM_KERNEL int64_t amalgam_group_dots(const Stored *vectors, int64_t count, const int64_t *places,
                                          int64_t pairs, int64_t elements, double *sums) {
    const int64_t groups = (elements + SUM_GROUP - 1) / SUM_GROUP;
    Factors<float> factors(vectors, count, nullptr, places, pairs);
    Factors<double> wide(vectors, count, nullptr, places, pairs);
    std::vector<double> wide_sums(pairs);
    for (int64_t group = 0; group < groups; group++) {
        const int64_t first = group * SUM_GROUP, left = elements - first;
        bool finite = true;
        factors.take(first, left, sums + group, groups);
        for (int64_t p = 0; p < pairs; p++) finite &= std::isfinite(sums[p * groups + group]);
        if (finite) continue;
        wide.take(first, left, wide_sums.data(), 1);
        for (int64_t p = 0; p < pairs; p++)
            if (!std::isfinite(sums[p * groups + group])) sums[p * groups + group] = wide_sums[p];
    }
    return 0;
}

// Per block and pair the float64 sum of float64 products, a tree over the sums of groups: [blocks, pairs].
AMALGAM_KERNEL int64_t amalgam_dots(const Stored *vectors, int64_t count, const Stored *base,
                                    const int64_t *places, int64_t pairs, int64_t elements, int64_t block,
                                    double *sums) {
    const int64_t most = (block + SUM_GROUP - 1) / SUM_GROUP;
    std::vector<double> by_group(pairs * most);
    Factors<double> factors(vectors, count, base, places, pairs);
    for (int64_t start = 0; start < elements; start += block) {
        const int64_t size = smaller(block, elements - start), groups = (size + SUM_GROUP - 1) / SUM_GROUP;
        for (int64_t group = 0; group < groups; group++)
            factors.take(start + group * SUM_GROUP, size - group * SUM_GROUP, by_group.data() + group, most);
        for (int64_t p = 0; p < pairs; p++) *sums++ = tree_sum(by_group.data() + p * most, groups);
    }
    return 0;
}

// Per row that a run touches, and per pair, the float64 sum of float64 products: [rows, pairs].
AMALGAM_KERNEL int64_t amalgam_row_dots(const float *const *ones, const float *const *others, int64_t pairs,
                                        int64_t elements, int64_t start, int64_t columns, double *sums) {
    std::vector<double> room(smaller(elements, columns) / 2 + 1);
    for (int64_t first = 0; first < elements;) {
        const int64_t size = smaller(columns - (start + first) % columns, elements - first);
        for (int64_t p = 0; p < pairs; p++) {
            const float *one = ones[p] + first, *other = others[p] + first;
            *sums++ = run_sum<double>([one, other](int64_t i) { return (double)one[i] * (double)other[i]; },
                                      size, room.data());
        }
        first += size;
    }
    return 0;
}
