// Linear combinations of vectors, or of their differences to a base; see kernels.combination. Products and sums
// are rounded at once, as torch does where the processor can.
#include "stored.h"

// Into `result`, divided by `divisor`; float32 vectors may lie in its place. No base: null.
AMALGAM_KERNEL int64_t amalgam_combine(const Stored *vectors, const double *coefficients, int64_t count,
                                       const Stored *base, int64_t elements, double divisor, float *result) {
    float total[PADDED], room[PADDED];
    const float by = (float)divisor;
    for (int64_t first = 0; first < elements; first += STRIP) {
        const int64_t size = smaller(STRIP, elements - first);
        const float *origin = base ? widened(*base, first, size, room) : nullptr;
        for (int64_t v = 0; v < count; v++) {
            const float coefficient = (float)coefficients[v];
            with_elements(vectors[v], first, [&](auto at) {
                const auto add = [&](auto value) {
                    if (v)
                        for (int64_t i = 0; i < size; i++) total[i] = __builtin_fmaf(value(i), coefficient, total[i]);
                    else
                        for (int64_t i = 0; i < size; i++) total[i] = value(i) * coefficient;
                };
                if (origin) add([=](int64_t i) { return at(i) - origin[i]; });
                else add([=](int64_t i) { return at(i); });
            });
        }
        float *out = result + first;
        if (origin)
            for (int64_t i = 0; i < size; i++) out[i] = origin[i] + total[i];
        else if (by == 1.0f) std::memcpy(out, total, sizeof(float) * size);
        else
            for (int64_t i = 0; i < size; i++) out[i] = total[i] / by;
    }
    return 0;
}
