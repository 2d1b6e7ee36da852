// Zeroes what lies after a cut among magnitudes.
#include "keep_largest.h"

AMALGAM_KERNEL int64_t amalgam_keep_largest(float *values, int64_t elements, const Cut *cut, int64_t first_block) {
    int64_t equals = 0;
    for (int64_t first = 0; first < elements; first += STRIP)
        keep_before(*cut, values + first, smaller(STRIP, elements - first), first_block + first / BLOCK, equals);
    return 0;
}
