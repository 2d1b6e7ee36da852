// The task-arithmetic family: task vectors, thinned out, rescaled, added up with or without sign election.
#include <vector>

#include "election.h"
#include "stored.h"
#include "thinning.h"
#include "trees.h"

// Into `result` the base plus `scale` times the merged task vector. `are_deltas`: the inputs are task vectors
// already. `weights`: what the election divides by, or none.
AMALGAM_KERNEL int64_t amalgam_merge_task_vectors(const Stored *inputs, int32_t are_deltas, const Stored *base,
                                                  int64_t count, int64_t elements, int64_t first_block,
                                                  const Thinning *thinnings, const double *factors, int32_t elects,
                                                  const double *weights, double scale, float *result) {
    const float by = (float)scale;
    const Election election = {nullptr, weights, 1.0f};
    std::vector<Met> met(count);
    std::vector<float> room(count * PADDED);
    std::vector<const float *> strips(count);
    const bool is_random = any_at_random(thinnings, count);
    uint32_t hashes[PADDED];
    for (int64_t v = 0; v < count; v++) strips[v] = room.data() + v * PADDED;
    for (int64_t first = 0; first < elements; first += STRIP) {
        const int64_t size = smaller(STRIP, elements - first);
        float wide[PADDED];
        const float *origin = widened(*base, first, size, wide);
        if (is_random) hash_places(thinnings, count, first, size, hashes);
        for (int64_t v = 0; v < count; v++) {
            float *__restrict delta = room.data() + v * PADDED;
            const float factor = (float)factors[v];
            if (are_deltas)
                with_elements(inputs[v], first, [=](auto at) {
                    for (int64_t i = 0; i < size; i++) delta[i] = at(i);
                });
            else subtract(inputs[v], first, origin, size, delta);
            thin(thinnings[v], delta, first, size, first_block, hashes, met[v]);
            for (int64_t i = 0; i < size; i++) delta[i] *= factor;
        }
        float total[PADDED], divisor[PADDED];
        if (elects) {
            elect(election, strips.data(), count, 0, size, total, divisor);
            if (weights)
                for (int64_t i = 0; i < size; i++) total[i] /= divisor[i] + (divisor[i] == 0.0f ? 1.0f : 0.0f);
        } else {
            std::memcpy(total, strips[0], sizeof(float) * size);
            for (int64_t v = 1; v < count; v++) add_to(total, strips[v], size);
        }
        float *out = result + first;
        for (int64_t i = 0; i < size; i++) out[i] = origin[i] + total[i] * by;
    }
    return 0;
}

// Sums of magnitudes by group, of each task vector and of what is left of it: [count, 2, groups].
AMALGAM_KERNEL int64_t amalgam_task_vector_norms(const Stored *inputs, const Stored *base, int64_t count,
                                                 int64_t elements, int64_t first_block, const Thinning *thinnings,
                                                 float *sums) {
    const int64_t groups = (elements + SUM_GROUP - 1) / SUM_GROUP;
    const bool is_random = any_at_random(thinnings, count);
    std::vector<Met> met(count);
    uint32_t hashes[SUM_GROUP];
    float wide[SUM_GROUP], values[SUM_GROUP];
    for (int64_t group = 0; group < groups; group++) {
        const int64_t first = group * SUM_GROUP, size = smaller(SUM_GROUP, elements - first);
        const float *origin = widened(*base, first, size, wide);
        if (is_random) hash_places(thinnings, count, first, size, hashes);
        const auto sum = [&values, size] {
            return group_or_rest<float>([&values](int64_t i) { return values[i]; }, size);
        };
        for (int64_t v = 0; v < count; v++) {
            subtract(inputs[v], first, origin, size, values);
            for (int64_t i = 0; i < size; i++) values[i] = __builtin_fabsf(values[i]);
            sums[2 * v * groups + group] = sum();
            for (int64_t strip = 0; strip < size; strip += STRIP)
                thin(thinnings[v], values + strip, first + strip, smaller(STRIP, size - strip), first_block,
                     hashes + strip, met[v]);
            sums[(2 * v + 1) * groups + group] = sum();
        }
    }
    return 0;
}
