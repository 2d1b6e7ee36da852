// Task vectors.
#include "stored.h"

// What each vector differs from the base, into its result; float32 vectors may lie in their places.
AMALGAM_KERNEL int64_t amalgam_subtract(const Stored *vectors, const Stored *base, int64_t count, int64_t elements,
                                        float *const *results) {
    float room[PADDED], apart[PADDED];
    for (int64_t first = 0; first < elements; first += STRIP) {
        const int64_t size = smaller(STRIP, elements - first);
        const float *origin = widened(*base, first, size, room);
        for (int64_t v = 0; v < count; v++) {
            subtract(vectors[v], first, origin, size, apart);
            std::memcpy(results[v] + first, apart, sizeof(float) * size);
        }
    }
    return 0;
}
