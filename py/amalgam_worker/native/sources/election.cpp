// Sign election by itself.
#include "election.h"

AMALGAM_KERNEL int64_t amalgam_elect(const float *const *vectors, const double *factors, const double *weights,
                                     int64_t count, int64_t elements, int32_t sign_of_zero, float *total,
                                     float *divisor) {
    const Election how = {factors, weights, (float)sign_of_zero};
    for (int64_t first = 0; first < elements; first += STRIP)
        elect(how, vectors, count, first, smaller(STRIP, elements - first), total + first, divisor + first);
    return 0;
}
