// The sum of a few models' values at a place, with or without sign election; it stays in registers.
#pragma once

#include "kernels.h"

// Of all values; of those that have the elected sign; and these divided by the weights of their models.
enum Sum { ALL_VALUES, ELECTED, ELECTED_MEAN };

// With its sign turned, where `sign` has the bit of signs.
inline float turned(float value, uint32_t sign) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    bits ^= sign;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

// The bits of an election whose factors are one and whose weights are finite: to add zero would change nothing.
template <Sum SUM, int COUNT> inline float merged_value(const float *values, const float *weights) {
    float sum = values[0];
    for (int v = 1; v < COUNT; v++) sum += values[v];
    if constexpr (SUM == ALL_VALUES) return sum;
    const uint32_t sign = sum >= 0.0f ? 0 : 0x80000000u;
    float total = 0.0f, divisor = 0.0f;
    for (int v = 0; v < COUNT; v++) {
        const float value = turned(values[v], sign);
        const bool agrees = !(value <= 0.0f);  // what is not a number stays
        total = agrees ? total + value : total;
        divisor = agrees ? divisor + weights[v] : divisor;
    }
    total = turned(total, sign);
    return SUM == ELECTED ? total : total / (divisor == 0.0f ? 1.0f : divisor);
}
