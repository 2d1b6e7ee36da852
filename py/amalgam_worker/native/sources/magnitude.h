// The bit pattern of a float's magnitude, which orders as the magnitude does; not a number comes last.
#pragma once

#include "kernels.h"

// Elements among which the first of several equal ones are told apart; TOP_K_BLOCK of the torch version.
constexpr int64_t BLOCK = 65536;

inline int32_t bits_of(float value) {
    int32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits & 0x7fffffff;
}
