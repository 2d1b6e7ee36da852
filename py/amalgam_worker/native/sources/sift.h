// Tells bit patterns apart by a bracket.
#pragma once

#ifdef __AVX512F__
#include <immintrin.h>
#endif

#include "magnitude.h"
#include "words_between.h"

struct Bracket {
    int32_t low, high;
    int32_t frequent[4];
    int32_t frequents;
};

// What was found so far: what is inside, in order, but for the frequent patterns, which are only counted.
struct Sifted {
    int32_t *inside;
    int64_t hits, above;
    int64_t equal[4];
};

// Any number of elements, without branches that nobody can foresee.
inline void sift_few(const int32_t *bits, int64_t size, const Bracket &bracket, Sifted &into) {
    const uint32_t low = (uint32_t)bracket.low, width = (uint32_t)bracket.high - low;
    for (int64_t i = 0; i < size; i++) {
        bool inside = (uint32_t)bits[i] - low <= width;
        into.above += bits[i] > bracket.high;
        for (int32_t f = 0; f < bracket.frequents; f++) {
            const bool is_equal = bits[i] == bracket.frequent[f];
            into.equal[f] += is_equal;
            inside &= !is_equal;
        }
        into.inside[into.hits] = bits[i];
        into.hits += inside;
    }
}

#ifdef __AVX512F__

// A strip at most, with so many frequent patterns.
template <int FREQUENTS> void sift_strip(const int32_t *bits, int64_t size, const Bracket &bracket, Sifted &into) {
    const __m512i low = _mm512_set1_epi32(bracket.low), high = _mm512_set1_epi32(bracket.high);
    const __m512i one = _mm512_set1_epi32(1);
    __m512i above = _mm512_setzero_si512(), frequent[4], equal[4];
    for (int f = 0; f < FREQUENTS; f++) {
        frequent[f] = _mm512_set1_epi32(bracket.frequent[f]);
        equal[f] = _mm512_setzero_si512();
    }
    int64_t i = 0;
    for (; i + 16 <= size; i += 16) {
        const __m512i each = _mm512_loadu_si512(bits + i);
        const __mmask16 is_above = _mm512_cmpgt_epi32_mask(each, high);
        __mmask16 inside = _mm512_mask_cmpge_epi32_mask((__mmask16)~is_above, each, low);
        above = _mm512_mask_add_epi32(above, is_above, above, one);
        for (int f = 0; f < FREQUENTS; f++) {
            const __mmask16 is_equal = _mm512_cmpeq_epi32_mask(each, frequent[f]);
            equal[f] = _mm512_mask_add_epi32(equal[f], is_equal, equal[f], one);
            inside = (__mmask16)(inside & ~is_equal);
        }
        _mm512_storeu_si512(into.inside + into.hits, _mm512_maskz_compress_epi32(inside, each));
        into.hits += __builtin_popcount(inside);
    }
    into.above += _mm512_reduce_add_epi32(above);
    for (int f = 0; f < FREQUENTS; f++) into.equal[f] += _mm512_reduce_add_epi32(equal[f]);
    sift_few(bits + i, size - i, bracket, into);
}

#else

template <int FREQUENTS> void sift_strip(const int32_t *bits, int64_t size, const Bracket &bracket, Sifted &into) {
    alignas(8) uint8_t inside[STRIP];
    int32_t above = 0;
    const uint32_t low = (uint32_t)bracket.low, width = (uint32_t)bracket.high - low;
    for (int64_t i = 0; i < size; i++) above += bits[i] > bracket.high;
    for (int64_t i = 0; i < size; i++) inside[i] = (uint32_t)bits[i] - low <= width;
    for (int f = 0; f < FREQUENTS; f++) {
        const int32_t pattern = bracket.frequent[f];
        int32_t equal = 0;
        for (int64_t i = 0; i < size; i++) equal += bits[i] == pattern;
        for (int64_t i = 0; i < size; i++) inside[i] &= bits[i] != pattern;
        into.equal[f] += equal;
    }
    into.above += above;
    // In most eights nothing is inside.
    int32_t touched[STRIP / 8];
    int64_t eights = 0;
    for (int64_t i = 0; i + 8 <= size; i += 8) {
        uint64_t eight;
        std::memcpy(&eight, inside + i, 8);
        touched[eights] = (int32_t)i;
        eights += eight != 0;
    }
    for (int64_t t = 0; t < eights; t++)
        for (int64_t i = touched[t]; i < touched[t] + 8; i++) {
            into.inside[into.hits] = bits[i];
            into.hits += inside[i];
        }
    for (int64_t i = size / 8 * 8; i < size; i++)
        if (inside[i]) into.inside[into.hits++] = bits[i];
}

#endif

// A strip at most; `into.inside` has room for SPARE more than is found.
inline void sift(const int32_t *bits, int64_t size, const Bracket &bracket, Sifted &into) {
    switch (bracket.frequents) {
    case 0: return sift_strip<0>(bits, size, bracket, into);
    case 1: return sift_strip<1>(bits, size, bracket, into);
    case 2: return sift_strip<2>(bits, size, bracket, into);
    case 3: return sift_strip<3>(bits, size, bracket, into);
    default: return sift_strip<4>(bits, size, bracket, into);
    }
}
