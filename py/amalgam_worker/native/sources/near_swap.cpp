// NearSwap; see methods.nearswap.
#include "stored.h"

// Into `result`, which lies apart from what is read. What is not a number stays so through both bounds.
AMALGAM_KERNEL int64_t amalgam_near_swap(const Stored *base, const Stored *other, int64_t elements, double t,
                                         double smallest, float *__restrict result) {
    const float by = (float)t, nearest = (float)smallest;
    with_elements(*base, 0, [=](auto from) {
        with_elements(*other, 0, [=](auto to) {
            for (int64_t i = 0; i < elements; i++) {
                // The sum has no -0.
                const float start = from(i), end = to(i) + 0.0f, step = end - start, far = __builtin_fabsf(step);
                float share = 1.0f / (far < nearest ? nearest : far) * by;
                share = share < 0.0f ? 0.0f : share;
                share = share > 1.0f ? 1.0f : share;
                // As torch: from the nearer end.
                const bool is_near = share < 0.5f;
                result[i] = __builtin_fmaf(is_near ? share : share - 1.0f, step, is_near ? start : end);
            }
        });
    });
    return 0;
}
