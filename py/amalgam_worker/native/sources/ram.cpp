// RAM: task vectors of which only what is larger than a limit is active; see methods.ram.
#include "stored.h"

inline float is_active(float delta, float limit) { return __builtin_fabsf(delta) > limit ? 1.0f : 0.0f; }

// Into `result` the base plus the mean of what is active. `boosts`: what multiplies entries that are so in one
// vector alone, or none.
AMALGAM_KERNEL int64_t amalgam_merge_active(const Stored *vectors, const Stored *base, int64_t count, int64_t elements,
                                            double epsilon, const double *boosts, float *result) {
    const float limit = (float)epsilon;
    float room[PADDED], total[PADDED], active[PADDED], boosted[PADDED];
    for (int64_t first = 0; first < elements; first += STRIP) {
        const int64_t size = smaller(STRIP, elements - first);
        const float *origin = widened(*base, first, size, room);
        for (int64_t i = 0; i < size; i++) total[i] = active[i] = boosted[i] = 0.0f;
        for (int64_t v = 0; v < count; v++) {
            const float boost = boosts ? (float)boosts[v] : 0.0f;
            with_elements(vectors[v], first, [&](auto at) {
                for (int64_t i = 0; i < size; i++) {
                    const float delta = at(i) - origin[i], is = is_active(delta, limit), kept = delta * is;
                    active[i] += is;
                    total[i] += kept;
                    boosted[i] = __builtin_fmaf(kept, boost, boosted[i]);
                }
            });
        }
        float *out = result + first;
        for (int64_t i = 0; i < size; i++) {
            const float mean = total[i] / (active[i] < 1.0f ? 1.0f : active[i]);
            out[i] = origin[i] + (boosts && active[i] == 1.0f ? boosted[i] : mean);
        }
    }
    return 0;
}

// Adds to `counts`, [count, 2], how many of each vector's active entries are so elsewhere too, and how many not.
AMALGAM_KERNEL int64_t amalgam_count_active(const Stored *vectors, const Stored *base, int64_t count, int64_t elements,
                                            double epsilon, int64_t *counts) {
    const float limit = (float)epsilon;
    float room[PADDED], active[PADDED];
    for (int64_t first = 0; first < elements; first += STRIP) {
        const int64_t size = smaller(STRIP, elements - first);
        const float *origin = widened(*base, first, size, room);
        std::memset(active, 0, sizeof(float) * size);
        for (int64_t v = 0; v < count; v++)
            with_elements(vectors[v], first, [&](auto at) {
                for (int64_t i = 0; i < size; i++) active[i] += is_active(at(i) - origin[i], limit);
            });
        for (int64_t v = 0; v < count; v++)
            with_elements(vectors[v], first, [&](auto at) {
                int32_t shared = 0, unique = 0;
                for (int64_t i = 0; i < size; i++) {
                    const float delta = at(i) - origin[i];
                    // As torch: what is not a number is left, but not counted.
                    const bool is_left = delta * is_active(delta, limit) != 0.0f;
                    shared += is_left & (active[i] > 1.0f);
                    unique += is_left & (active[i] == 1.0f);
                }
                counts[2 * v] += shared;
                counts[2 * v + 1] += unique;
            });
    }
    return 0;
}
