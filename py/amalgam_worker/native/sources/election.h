// Sign election per element: sums of what has the elected sign, and of the weights of the models it is from.
#pragma once

#include "kernels.h"

inline void add_to(float *__restrict sums, const float *__restrict values, int64_t size) {
    for (int64_t i = 0; i < size; i++) sums[i] += values[i];
}

// Signs are 1 or -1. What is not a number is neither above nor below zero, and stays.
inline void add_agreeing(float &total, float &divisor, float sign, float value, float factor, float weight) {
    const float turned = value * sign, agreeing = turned < 0.0f ? 0.0f : turned;
    total += agreeing * factor;
    divisor += (float)(turned > 0.0f) * weight;
}

inline float elected_sign(float sum, float sign_of_zero) {
    return sum > 0.0f ? 1.0f : sum == 0.0f ? sign_of_zero : -1.0f;
}

struct Election {
    const double *factors, *weights;  // one for each vector; may be none
    float sign_of_zero;

    float factor(int64_t v) const { return factors ? (float)factors[v] : 1.0f; }
    float weight(int64_t v) const { return weights ? (float)weights[v] : 0.0f; }
};

// A known number of vectors: nothing but the results leaves the registers.
template <int COUNT>
void elect_few(const Election &how, const float *const *vectors, int64_t first, int64_t size,
               float *__restrict total, float *__restrict divisor) {
    const float *values[COUNT];
    float factors[COUNT], weights[COUNT];
    for (int v = 0; v < COUNT; v++) {
        values[v] = vectors[v] + first;
        factors[v] = how.factor(v);
        weights[v] = how.weight(v);
    }
    const float sign_of_zero = how.sign_of_zero;
    for (int64_t i = 0; i < size; i++) {
        float sum = values[0][i], kept = 0.0f, share = 0.0f;
        for (int v = 1; v < COUNT; v++) sum += values[v][i];
        const float sign = elected_sign(sum, sign_of_zero);
        for (int v = 0; v < COUNT; v++) add_agreeing(kept, share, sign, values[v][i], factors[v], weights[v]);
        total[i] = kept * sign;
        divisor[i] = share;
    }
}

inline void elect_many(const Election &how, const float *const *vectors, int64_t count, int64_t first, int64_t size,
                       float *__restrict total, float *__restrict divisor) {
    float sign[PADDED];
    std::memcpy(sign, vectors[0] + first, sizeof(float) * size);
    for (int64_t v = 1; v < count; v++) add_to(sign, vectors[v] + first, size);
    for (int64_t i = 0; i < size; i++) {
        sign[i] = elected_sign(sign[i], how.sign_of_zero);
        total[i] = divisor[i] = 0.0f;
    }
    for (int64_t v = 0; v < count; v++) {
        const float *__restrict values = vectors[v] + first;
        const float factor = how.factor(v), weight = how.weight(v);
        for (int64_t i = 0; i < size; i++)
            add_agreeing(total[i], divisor[i], sign[i], values[i], factor, weight);
    }
    for (int64_t i = 0; i < size; i++) total[i] *= sign[i];
}

// Of `size` elements, a strip at most, from place `first` of each vector on.
inline void elect(const Election &how, const float *const *vectors, int64_t count, int64_t first, int64_t size,
                  float *total, float *divisor) {
    if (count == 2) elect_few<2>(how, vectors, first, size, total, divisor);
    else if (count == 3) elect_few<3>(how, vectors, first, size, total, divisor);
    else if (count == 4) elect_few<4>(how, vectors, first, size, total, divisor);
    else elect_many(how, vectors, count, first, size, total, divisor);
}
