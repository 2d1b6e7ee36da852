// Variance over models, per element, in float64; see kernels.variance.
#include <vector>

#include "keep_largest.h"

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

// Many: a strip at a time.
static void variance_of_many(const float *const *strips, int64_t count, int64_t size, float *variances) {
    const double share = 1.0 / (double)count;
    double mean[STRIP], total[STRIP];
    const float *origin = strips[0];
    for (int64_t i = 0; i < size; i++) mean[i] = 0.0;
    for (int64_t v = 1; v < count; v++)
        for (int64_t i = 0; i < size; i++) mean[i] += (double)strips[v][i] - (double)origin[i];
    for (int64_t i = 0; i < size; i++) {
        mean[i] *= share;
        total[i] = mean[i] * mean[i];
    }
    for (int64_t v = 1; v < count; v++)
        for (int64_t i = 0; i < size; i++) {
            const double apart = (double)strips[v][i] - (double)origin[i] - mean[i];
            total[i] += apart * apart;
        }
    for (int64_t i = 0; i < size; i++) variances[i] = (float)(total[i] * share);
}

static void variance_of_strips(const float *const *strips, int64_t count, int64_t size, float *variances) {
    switch (count) {
    case 2: return variance_of<2>(strips, size, variances);
    case 3: return variance_of<3>(strips, size, variances);
    case 4: return variance_of<4>(strips, size, variances);
    default: return variance_of_many(strips, count, size, variances);
    }
}

static void subtract(const float *one, const float *other, int64_t size, float *result) {
    for (int64_t i = 0; i < size; i++) result[i] = one[i] - other[i];
}

// Of what the vectors differ from the base.
AMALGAM_KERNEL int64_t amalgam_variance(const float *const *vectors, const float *base, int64_t count,
                                        int64_t elements, float *variances) {
    std::vector<float> room(count * PADDED);
    std::vector<const float *> strips(count);
    for (int64_t v = 0; v < count; v++) strips[v] = room.data() + v * PADDED;
    for (int64_t first = 0; first < elements; first += STRIP) {
        const int64_t size = smaller(STRIP, elements - first);
        for (int64_t v = 0; v < count; v++)
            subtract(vectors[v] + first, base + first, size, room.data() + v * PADDED);
        variance_of_strips(strips.data(), count, size, variances + first);
    }
    return 0;
}

// Makes the vectors differences to the base, zeroed where the variance lies after the cut or is zero.
AMALGAM_KERNEL int64_t amalgam_select(float *const *vectors, const float *base, int64_t count, int64_t elements,
                                      const Cut *cut, int64_t first_block) {
    std::vector<const float *> strips(count);
    int64_t equals = 0;
    for (int64_t first = 0; first < elements; first += STRIP) {
        const int64_t size = smaller(STRIP, elements - first);
        float variances[STRIP];
        for (int64_t v = 0; v < count; v++) {
            strips[v] = vectors[v] + first;
            subtract(strips[v], base + first, size, vectors[v] + first);
        }
        variance_of_strips(strips.data(), count, size, variances);
        keep_before(*cut, variances, size, first_block + first / BLOCK, equals);
        for (int64_t v = 0; v < count; v++) {
            float *values = vectors[v] + first;
            // What is not finite does not become so.
            for (int64_t i = 0; i < size; i++) values[i] *= variances[i] > 0.0f ? 1.0f : 0.0f;
        }
    }
    return 0;
}
