// Linear combinations of vectors, or of their differences to a base; see kernels.combination.
#include "kernels.h"

// Into `result`, which may be one of the others. No base: null.
AMALGAM_KERNEL int64_t amalgam_combine(const float *const *vectors, const double *coefficients, int64_t count,
                                       const float *base, int64_t elements, float *result) {
    float total[STRIP];
    for (int64_t first = 0; first < elements; first += STRIP) {
        const int64_t size = smaller(STRIP, elements - first);
        for (int64_t v = 0; v < count; v++) {
            const float *values = vectors[v] + first;
            const float coefficient = (float)coefficients[v];
            if (base)
                for (int64_t i = 0; i < size; i++) {
                    const float term = (values[i] - base[first + i]) * coefficient;
                    total[i] = v ? total[i] + term : term;
                }
            else
                for (int64_t i = 0; i < size; i++) {
                    const float term = values[i] * coefficient;
                    total[i] = v ? total[i] + term : term;
                }
        }
        for (int64_t i = 0; i < size; i++) result[first + i] = base ? base[first + i] + total[i] : total[i];
    }
    return 0;
}
