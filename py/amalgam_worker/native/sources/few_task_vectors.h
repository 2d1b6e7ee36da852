// Merges two to four models in bfloat16 that are thinned out in one way: only the result leaves the registers.
#pragma once

#include "merged_value.h"
#include "stored.h"
#include "thinning_rules.h"

struct Merging {
    const Stored *inputs, *base;
    int64_t count;
    const Thinning *thinnings;
    const double *factors, *weights;  // weights: what the election divides by, or none
    bool are_deltas, elects;
    float scale;
};

template <int COUNT, typename Rule, Sum SUM>
void merge_few(const Merging &how, const Span &span, float *__restrict result) {
    OfBfloat16 inputs[COUNT];
    Rule rules[COUNT];
    float factors[COUNT], weights[COUNT];
    for (int v = 0; v < COUNT; v++) {
        inputs[v] = {(const uint16_t *)how.inputs[v].data + span.first};
        rules[v] = Rule::of(how.thinnings[v], span);
        factors[v] = (float)how.factors[v];
        weights[v] = how.weights ? (float)how.weights[v] : 0.0f;
    }
    const OfBfloat16 base = {(const uint16_t *)how.base->data + span.first};
    const uint32_t place = (uint32_t)(how.thinnings[0].place + span.first) & (MASK_BLOCK - 1);
    const float scale = how.scale;
    for (int64_t i = 0; i < span.size; i++) {
        const float origin = base(i);
        const uint32_t hash = hashed_place(place + (uint32_t)i);
        float values[COUNT];
        for (int v = 0; v < COUNT; v++) values[v] = rules[v](inputs[v](i) - origin, hash) * factors[v];
        result[i] = origin + merged_value<SUM, COUNT>(values, weights) * scale;
    }
}

template <int COUNT, typename Rule> void merge_count(const Merging &how, const Span &span, float *result) {
    if (!how.elects) merge_few<COUNT, Rule, ALL_VALUES>(how, span, result);
    else if (!how.weights) merge_few<COUNT, Rule, ELECTED>(how, span, result);
    else merge_few<COUNT, Rule, ELECTED_MEAN>(how, span, result);
}

// Whether the rule is that of all.
template <typename Rule> bool merged_by(const Merging &how, const Span &span, float *result) {
    for (int64_t v = 0; v < how.count; v++)
        if (!Rule::fits(how.thinnings[v], span)) return false;
    if (how.count == 2) merge_count<2, Rule>(how, span, result);
    else if (how.count == 3) merge_count<3, Rule>(how, span, result);
    else merge_count<4, Rule>(how, span, result);
    return true;
}

inline bool are_few(const Merging &how) {
    if (how.are_deltas || how.count < 2 || how.count > 4 || how.base->type != BFLOAT16) return false;
    for (int64_t v = 0; v < how.count; v++)
        if (how.inputs[v].type != BFLOAT16 || (how.weights && !__builtin_isfinite((float)how.weights[v]))) return false;
    return true;
}

// Whether they are merged: none is where they are not so few, or not thinned out in one way.
inline bool few_are_merged(const Merging &how, const Span &span, float *result) {
    return are_few(how) && (merged_by<Above>(how, span, result) || merged_by<Within>(how, span, result) ||
                            merged_by<Drawn>(how, span, result));
}
