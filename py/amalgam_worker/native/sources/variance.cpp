// Variance over models, and what is merged of where they differ most; see kernels.variance.
#include "election.h"
#include "variance.h"

// Of what the vectors differ from the base.
AMALGAM_KERNEL int64_t amalgam_variance(const float *const *vectors, const float *base, int64_t count,
                                        int64_t elements, float *variances) {
    Differences differences(count, STRIP);
    for (int64_t first = 0; first < elements; first += STRIP) {
        const int64_t size = smaller(STRIP, elements - first);
        differences.take(vectors, base, first, size);
        variance_of_strips(differences.vectors(), count, size, variances + first);
    }
    return 0;
}

// Zeroes the differences where the variance lies after the cut or is zero.
static void select(float *const *vectors, int64_t count, int64_t size, const Cut &cut, int64_t block,
                   int64_t &equals) {
    float variances[STRIP];
    variance_of_strips(vectors, count, size, variances);
    keep_before(cut, variances, size, block, equals);
    for (int64_t v = 0; v < count; v++) {
        float *__restrict values = vectors[v];
        // What is not finite does not become so.
        for (int64_t i = 0; i < size; i++) values[i] *= variances[i] > 0.0f ? 1.0f : 0.0f;
    }
}

// The base plus the weighted mean of those selected differences that agree; the divisor is `least` at least.
AMALGAM_KERNEL int64_t amalgam_merge_selected(const float *const *vectors, const float *base, int64_t count,
                                              int64_t elements, const Cut *cut, int64_t first_block,
                                              const double *weights, double least, float *result) {
    Differences differences(count, STRIP);
    const Election election = {weights, weights, 1.0f};
    const float smallest = (float)least;
    int64_t equals = 0;
    for (int64_t first = 0; first < elements; first += STRIP) {
        const int64_t size = smaller(STRIP, elements - first);
        float total[STRIP], divisor[STRIP];
        differences.take(vectors, base, first, size);
        select(differences.vectors(), count, size, *cut, first_block + first / BLOCK, equals);
        elect(election, differences.vectors(), count, 0, size, total, divisor);
        for (int64_t i = 0; i < size; i++) {
            const float share = divisor[i] < smallest ? smallest : divisor[i];
            result[first + i] = base[first + i] + total[i] / share;
        }
    }
    return 0;
}
