// Sign election per element: sums of what has the elected sign, and of the weights of the models it is from.
#include "kernels.h"

static void strip(const float *const *vectors, const double *factors, const double *weights, int64_t count,
                  int64_t first, int64_t size, bool zero_is_plus, float *total, float *divisor) {
    float sign[STRIP];
    for (int64_t i = 0; i < size; i++) sign[i] = vectors[0][first + i];
    for (int64_t v = 1; v < count; v++)
        for (int64_t i = 0; i < size; i++) sign[i] += vectors[v][first + i];
    if (zero_is_plus)
        for (int64_t i = 0; i < size; i++) sign[i] = sign[i] >= 0.0f ? 1.0f : -1.0f;
    else
        for (int64_t i = 0; i < size; i++) sign[i] = sign[i] > 0.0f ? 1.0f : -1.0f;
    for (int64_t i = 0; i < size; i++) total[i] = divisor[i] = 0.0f;
    for (int64_t v = 0; v < count; v++) {
        const float *values = vectors[v] + first;
        const float factor = (float)factors[v], weight = weights ? (float)weights[v] : 0.0f;
        for (int64_t i = 0; i < size; i++) {
            // What is not a number is neither above nor below zero, and stays.
            const float turned = values[i] * sign[i], agreeing = turned < 0.0f ? 0.0f : turned;
            total[i] += agreeing * factor;
            divisor[i] += (agreeing > 0.0f ? 1.0f : 0.0f) * weight;
        }
    }
    for (int64_t i = 0; i < size; i++) total[i] *= sign[i];
}

AMALGAM_KERNEL int64_t amalgam_elect(const float *const *vectors, const double *factors, const double *weights,
                                     int64_t count, int64_t elements, int32_t sign_of_zero, float *total,
                                     float *divisor) {
    for (int64_t first = 0; first < elements; first += STRIP)
        strip(vectors, factors, weights, count, first, smaller(STRIP, elements - first), sign_of_zero > 0,
              total + first, divisor + first);
    return 0;
}
