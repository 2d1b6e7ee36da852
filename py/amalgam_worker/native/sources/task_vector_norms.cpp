// Sums of magnitudes of task vectors, and of what thinning leaves of them.
#include <vector>

#include "stored.h"
#include "thin.h"
#include "trees.h"

// A magnitude, and what is left of it; or sums of them.
struct Norms {
    float all, kept;

    Norms operator+(const Norms &other) const { return {all + other.all, kept + other.kept}; }
};

// Of a group that one rule thins out: nothing but a row of sums leaves the registers.
template <typename At, typename Rule>
static Norms group_norms(const At &at, const float *__restrict origin, const Rule &rule,
                         const uint32_t *__restrict hashes) {
    const auto norms = [&](int64_t i) {
        const float magnitude = __builtin_fabsf(at(i) - origin[i]);
        return Norms{magnitude, rule(magnitude, hashes[i])};
    };
    float all[SUM_COLUMNS], kept[SUM_COLUMNS];
    for (int64_t column = 0; column < SUM_COLUMNS; column++) {
        const Norms sums = folded<1, Norms>(0, [&](int row) {
            const int64_t i = row * SUM_COLUMNS + column;
            return norms(i) + norms(i + SUM_GROUP / 2);
        });
        all[column] = sums.all;
        kept[column] = sums.kept;
    }
    return {halved<SUM_COLUMNS>(all), halved<SUM_COLUMNS>(kept)};
}

// Of any group; `hashes` are of its places.
static Norms norms_of(const Stored &input, const float *origin, const Thinning &how, const Span &span,
                      const uint32_t *hashes, Met &met) {
    Norms norms;
    if (span.size == SUM_GROUP && with_rule(how, span, [&](auto rule) {
            with_elements(input, span.first, [&](auto at) { norms = group_norms(at, origin, rule, hashes); });
        }))
        return norms;
    float values[SUM_GROUP];
    const auto sum = [&] { return group_or_rest<float>([&](int64_t i) { return values[i]; }, span.size); };
    subtract(input, span.first, origin, span.size, values);
    for (int64_t i = 0; i < span.size; i++) values[i] = __builtin_fabsf(values[i]);
    norms.all = sum();
    for (int64_t from = 0; from < span.size; from += STRIP)
        thin(how, values + from, span.part(from, STRIP), hashes + from, met);
    norms.kept = sum();
    return norms;
}

// Sums of magnitudes by group, of each task vector and of what is left of it: [count, 2, groups].
AMALGAM_KERNEL int64_t amalgam_task_vector_norms(const Stored *inputs, const Stored *base, int64_t count,
                                                 int64_t elements, int64_t first_block, const Thinning *thinnings,
                                                 float *sums) {
    const int64_t groups = (elements + SUM_GROUP - 1) / SUM_GROUP;
    std::vector<Met> met(count);
    uint32_t hashes[SUM_GROUP];
    float wide[SUM_GROUP];
    for (int64_t group = 0; group < groups; group++) {
        const int64_t first = group * SUM_GROUP;
        const Span span = {first, smaller(SUM_GROUP, elements - first), first_block + first / BLOCK};
        const float *origin = widened(*base, first, span.size, wide);
        hash_places(thinnings, count, span, hashes);
        for (int64_t v = 0; v < count; v++) {
            const Norms norms = norms_of(inputs[v], origin, thinnings[v], span, hashes, met[v]);
            sums[2 * v * groups + group] = norms.all;
            sums[(2 * v + 1) * groups + group] = norms.kept;
        }
    }
    return 0;
}
