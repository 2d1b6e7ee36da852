// Variance over models, and what is merged of where they differ most; see kernels.variance.
#include "election.h"
#include "near_variance.h"

// Of what the vectors differ from the base.
AMALGAM_KERNEL int64_t amalgam_variance(const Stored *vectors, const Stored *base, int64_t count, int64_t elements,
                                        float *variances) {
    Differences differences(count, STRIP);
    for (int64_t first = 0; first < elements; first += STRIP) {
        const int64_t size = smaller(STRIP, elements - first);
        differences.take(vectors, *base, first, size);
        variance_of_strips(differences.vectors(), count, size, variances + first);
    }
    return 0;
}

// A strip of what is merged: differences, their variances, zero where they are not selected, and the base.
struct Strip {
    float *const *vectors;
    const float *variances, *base;
    int64_t size;
};

// What is not finite does not become so where it is not selected.
static inline float selected(float value, float variance) { return value * (variance > 0.0f ? 1.0f : 0.0f); }

// Of few vectors nothing but the result leaves the registers.
template <int COUNT>
static void merge_few(const Strip &strip, const double *weights, float least, float *__restrict result) {
    const float *vectors[COUNT], *__restrict variances = strip.variances, *__restrict base = strip.base;
    float shares[COUNT];
    for (int v = 0; v < COUNT; v++) {
        vectors[v] = strip.vectors[v];
        shares[v] = (float)weights[v];
    }
    const int64_t size = strip.size;
    for (int64_t i = 0; i < size; i++) {
        float values[COUNT], sum = 0.0f, total = 0.0f, divisor = 0.0f;
        for (int v = 0; v < COUNT; v++) {
            values[v] = selected(vectors[v][i], variances[i]);
            sum = v ? sum + values[v] : values[v];
        }
        const float sign = elected_sign(sum, 1.0f);
        for (int v = 0; v < COUNT; v++) add_agreeing(total, divisor, sign, values[v], shares[v], shares[v]);
        result[i] = base[i] + total * sign / (divisor < least ? least : divisor);
    }
}

static void merge_many(const Strip &strip, int64_t count, const double *weights, float least, float *result) {
    float total[PADDED], divisor[PADDED];
    for (int64_t v = 0; v < count; v++)
        for (int64_t i = 0; i < strip.size; i++)
            strip.vectors[v][i] = selected(strip.vectors[v][i], strip.variances[i]);
    elect({weights, weights, 1.0f}, strip.vectors, count, 0, strip.size, total, divisor);
    for (int64_t i = 0; i < strip.size; i++)
        result[i] = strip.base[i] + total[i] / (divisor[i] < least ? least : divisor[i]);
}

static void merge(const Strip &strip, int64_t count, const double *weights, float least, float *result) {
    if (count == 2) merge_few<2>(strip, weights, least, result);
    else if (count == 3) merge_few<3>(strip, weights, least, result);
    else if (count == 4) merge_few<4>(strip, weights, least, result);
    else merge_many(strip, count, weights, least, result);
}

// The base plus the weighted mean of those selected differences that agree; the divisor is `least` at least.
AMALGAM_KERNEL int64_t amalgam_merge_selected(const Stored *vectors, const Stored *base, int64_t count,
                                              int64_t elements, const Cut *cut, int64_t first_block,
                                              const double *weights, double least, float *result) {
    Differences differences(count, STRIP);
    const int32_t threshold = (int32_t)cut->threshold;
    int64_t equals = 0;
    for (int64_t first = 0; first < elements; first += STRIP) {
        const int64_t size = smaller(STRIP, elements - first);
        float variances[PADDED];
        int32_t places[PADDED];
        const float *from = differences.take(vectors, *base, first, size);
        near_variances(differences.vectors(), count, size, threshold, threshold, variances, places);
        keep_before(*cut, variances, size, first_block + first / BLOCK, equals);
        merge({differences.vectors(), variances, from, size}, count, weights, (float)least, result + first);
    }
    return 0;
}
