// Sums and dot products whose bits are the same everywhere; see kernels.sums and kernels.gram.
#include <cmath>
#include <vector>

#include "stored.h"
#include "trees.h"

// Sums of each SUM_GROUP values and of the rest.
AMALGAM_KERNEL int64_t amalgam_group_sums(const float *values, int64_t elements, float *sums) {
    for (int64_t first = 0; first < elements; first += SUM_GROUP) {
        const float *group = values + first;
        *sums++ = group_or_rest<float>([group](int64_t i) { return group[i]; }, elements - first);
    }
    return 0;
}

// Vectors as they are stored, or what they differ from a base, of which some pairs are multiplied.
struct Factors {
    const Stored *vectors, *base;  // no base: null
    int64_t count;
    const int64_t *places;  // two of each pair
    std::vector<float> room;
    std::vector<const float *> groups;

    Factors(const Stored *vectors, int64_t count, const Stored *base, const int64_t *places)
        : vectors(vectors), base(base), count(count), places(places), room((count + 1) * (SUM_GROUP + 80)),
          groups(count) {}

    // Makes the elements from `first` on float32; a group at most.
    void load(int64_t first, int64_t size) {
        const float *origin = base ? widened(*base, first, size, room.data()) : nullptr;
        for (int64_t v = 0; v < count; v++) {
            float *own = room.data() + (v + 1) * (SUM_GROUP + 80);
            groups[v] = own;
            if (origin) subtract(vectors[v], first, origin, size, own);
            else groups[v] = widened(vectors[v], first, size, own);
        }
    }

    const float *one(int64_t pair) const { return groups[places[2 * pair]]; }
    const float *other(int64_t pair) const { return groups[places[2 * pair + 1]]; }
};

// Per pair and group a float32 sum of float32 products, or where it is not finite what float64 makes of it.
AMALGAM_KERNEL int64_t amalgam_group_dots(const Stored *vectors, int64_t count, const int64_t *places,
                                          int64_t pairs, int64_t elements, double *sums) {
    const int64_t groups = (elements + SUM_GROUP - 1) / SUM_GROUP;
    Factors factors(vectors, count, nullptr, places);
    for (int64_t group = 0; group < groups; group++) {
        const int64_t first = group * SUM_GROUP, left = elements - first;
        factors.load(first, smaller(SUM_GROUP, left));
        for (int64_t p = 0; p < pairs; p++) {
            const float *one = factors.one(p), *other = factors.other(p);
            double sum = group_or_rest<float>([one, other](int64_t i) { return one[i] * other[i]; }, left);
            if (!std::isfinite(sum))
                sum = group_or_rest<double>(
                    [one, other](int64_t i) { return (double)one[i] * (double)other[i]; }, left);
            sums[p * groups + group] = sum;
        }
    }
    return 0;
}

// Per block and pair the float64 sum of float64 products, a tree over the sums of groups: [blocks, pairs].
AMALGAM_KERNEL int64_t amalgam_dots(const Stored *vectors, int64_t count, const Stored *base,
                                    const int64_t *places, int64_t pairs, int64_t elements, int64_t block,
                                    double *sums) {
    const int64_t most = (block + SUM_GROUP - 1) / SUM_GROUP;
    std::vector<double> by_group(pairs * most);
    Factors factors(vectors, count, base, places);
    for (int64_t start = 0; start < elements; start += block) {
        const int64_t size = smaller(block, elements - start), groups = (size + SUM_GROUP - 1) / SUM_GROUP;
        for (int64_t group = 0; group < groups; group++) {
            const int64_t first = start + group * SUM_GROUP, left = start + size - first;
            factors.load(first, smaller(SUM_GROUP, left));
            for (int64_t p = 0; p < pairs; p++) {
                const float *one = factors.one(p), *other = factors.other(p);
                by_group[p * most + group] = group_or_rest<double>(
                    [one, other](int64_t i) { return (double)one[i] * (double)other[i]; }, left);
            }
        }
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
