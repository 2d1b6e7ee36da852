// What is kept, at one bit for each element; see kernels.kept_bits.
#pragma once

#ifdef __AVX512F__
#include <immintrin.h>
#endif

#include "kernels.h"

// The bits of a byte, the highest first, as factors.
struct Ones {
    float of[256][8];
    constexpr Ones() : of() {
        for (int byte = 0; byte < 256; byte++)
            for (int b = 0; b < 8; b++) of[byte][b] = (float)(byte >> (7 - b) & 1);
    }
};
constexpr Ones ONES;

// Bytes with their bits the other way round.
inline uint64_t reversed_bits(uint64_t bytes) {
    bytes = (bytes >> 1 & 0x5555555555555555u) | (bytes & 0x5555555555555555u) << 1;
    bytes = (bytes >> 2 & 0x3333333333333333u) | (bytes & 0x3333333333333333u) << 2;
    return (bytes >> 4 & 0x0f0f0f0f0f0f0f0fu) | (bytes & 0x0f0f0f0f0f0f0f0fu) << 4;
}

// Zeroes what has no bit; what is not finite does not become so.
inline void keep_bits(const uint8_t *__restrict bits, float *__restrict values, int64_t size) {
    int64_t i = 0;
#ifdef __AVX512F__
    const __m512 one = _mm512_set1_ps(1.0f);
    for (; i + 64 <= size; i += 64) {
        uint64_t kept;
        std::memcpy(&kept, bits + i / 8, sizeof kept);
        kept = reversed_bits(kept);
        for (int64_t part = 0; part < 64; part += 16) {
            const __m512 factors = _mm512_maskz_mov_ps((__mmask16)(kept >> part), one);
            _mm512_storeu_ps(values + i + part, _mm512_mul_ps(_mm512_loadu_ps(values + i + part), factors));
        }
    }
#endif
    for (; i + 8 <= size; i += 8) {
        const float *ones = ONES.of[bits[i / 8]];
        for (int b = 0; b < 8; b++) values[i + b] *= ones[b];
    }
    for (; i < size; i++) values[i] *= ONES.of[bits[i / 8]][i % 8];
}
