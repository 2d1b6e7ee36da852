// Variance over models, per element, in float64; see kernels.variance.
#include "kernels.h"

// Few vectors: an element stays in registers.
template <int COUNT> static void variance_of(const float *const *vectors, int64_t elements, float *variances) {
    const double share = 1.0 / COUNT;
    const float *each[COUNT];
    for (int v = 0; v < COUNT; v++) each[v] = vectors[v];
    float *__restrict result = variances;
    for (int64_t i = 0; i < elements; i++) {
        const double origin = (double)each[0][i];
        double apart[COUNT], mean = 0.0;
        for (int v = 1; v < COUNT; v++) {
            apart[v] = (double)each[v][i] - origin;
            mean += apart[v];
        }
        mean *= share;
        double total = mean * mean;
        for (int v = 1; v < COUNT; v++) {
            apart[v] -= mean;
            total += apart[v] * apart[v];
        }
        result[i] = (float)(total * share);
    }
}

static void variance_of_many(const float *const *vectors, int64_t count, int64_t elements, float *variances) {
    const double share = 1.0 / (double)count;
    double mean[STRIP], total[STRIP];
    for (int64_t first = 0; first < elements; first += STRIP) {
        const int64_t size = smaller(STRIP, elements - first);
        const float *origin = vectors[0] + first;
        for (int64_t i = 0; i < size; i++) mean[i] = 0.0;
        for (int64_t v = 1; v < count; v++) {
            const float *values = vectors[v] + first;
            for (int64_t i = 0; i < size; i++) mean[i] += (double)values[i] - (double)origin[i];
        }
        for (int64_t i = 0; i < size; i++) {
            mean[i] *= share;
            total[i] = mean[i] * mean[i];
        }
        for (int64_t v = 1; v < count; v++) {
            const float *values = vectors[v] + first;
            for (int64_t i = 0; i < size; i++) {
                const double apart = (double)values[i] - (double)origin[i] - mean[i];
                total[i] += apart * apart;
            }
        }
        for (int64_t i = 0; i < size; i++) variances[first + i] = (float)(total[i] * share);
    }
}

AMALGAM_KERNEL int64_t amalgam_variance(const float *const *vectors, int64_t count, int64_t elements,
                                        float *variances) {
    switch (count) {
    case 2: variance_of<2>(vectors, elements, variances); break;
    case 3: variance_of<3>(vectors, elements, variances); break;
    case 4: variance_of<4>(vectors, elements, variances); break;
    default: variance_of_many(vectors, count, elements, variances);
    }
    return 0;
}

// Zeroes all vectors where a value is not above zero; what is not finite does not become so.
AMALGAM_KERNEL int64_t amalgam_keep_where_positive(float *const *vectors, int64_t count, int64_t elements,
                                                   const float *chosen) {
    for (int64_t v = 0; v < count; v++) {
        float *__restrict values = vectors[v];
        for (int64_t i = 0; i < elements; i++) values[i] *= chosen[i] > 0.0f ? 1.0f : 0.0f;
    }
    return 0;
}
