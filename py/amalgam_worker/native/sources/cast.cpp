// Casts float32 to 16 bits, to the nearest number, of two equally near ones to the even one.
#include "magnitude.h"

static uint16_t to_bfloat16(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static uint16_t to_float16(float value) {
    const uint32_t bits = (uint32_t)bits_of(value);
    uint32_t whole;
    std::memcpy(&whole, &value, sizeof whole);
    // Below 2^-14 the addition of 1/2 rounds at 2^-24, the smallest step there is.
    float magnitude;
    std::memcpy(&magnitude, &bits, sizeof bits);
    const float shifted = magnitude + 0.5f;
    uint32_t small;
    std::memcpy(&small, &shifted, sizeof small);
    const uint32_t normal = (bits + 0xfff + (bits >> 13 & 1) - (112u << 23)) >> 13;
    const uint32_t cast = bits < 0x38800000 ? small - 0x3f000000 : normal;
    return (uint16_t)(cast | (whole >> 16 & 0x8000));
}

// 1 if all values are finite and stay so, else 0 and `cast` holds nothing of use.
AMALGAM_KERNEL int64_t amalgam_to_bfloat16(const float *__restrict values, int64_t elements, uint16_t *__restrict cast) {
    int32_t largest = 0;
    for (int64_t i = 0; i < elements; i++) {
        // Half a step above the largest number, all that is no less rounds to infinity or is not finite.
        const int32_t bits = bits_of(values[i]);
        largest = bits > largest ? bits : largest;
        cast[i] = to_bfloat16(values[i]);
    }
    return largest < 0x7f7f8000;
}

AMALGAM_KERNEL int64_t amalgam_to_float16(const float *__restrict values, int64_t elements, uint16_t *__restrict cast) {
    int32_t largest = 0;
    for (int64_t i = 0; i < elements; i++) {
        const int32_t bits = bits_of(values[i]);
        largest = bits > largest ? bits : largest;
        cast[i] = to_float16(values[i]);
    }
    return largest < 0x477ff000;
}
