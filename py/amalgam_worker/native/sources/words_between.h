// Words that lie between two others, and where.
#pragma once

#ifdef __AVX512F__
#include <immintrin.h>
#endif

#include "kernels.h"

// Room behind what is found: vectors are stored whole, whatever is in them.
constexpr int64_t SPARE = 16;

// Words above `low` and not above `high`, with their places, which ascend; how many there are.
inline int64_t words_between(const int32_t *words, int64_t count, int32_t low, int32_t high, int32_t *found,
                             int32_t *places) {
    int64_t size = 0, i = 0;
#ifdef __AVX512F__
    const __m512i below = _mm512_set1_epi32(low), last = _mm512_set1_epi32(high), step = _mm512_set1_epi32(16);
    __m512i here = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (; i + 16 <= count; i += 16) {
        const __m512i word = _mm512_loadu_si512(words + i);
        const __mmask16 is_between =
            _mm512_mask_cmple_epi32_mask(_mm512_cmpgt_epi32_mask(word, below), word, last);
        _mm512_storeu_si512(found + size, _mm512_maskz_compress_epi32(is_between, word));
        _mm512_storeu_si512(places + size, _mm512_maskz_compress_epi32(is_between, here));
        size += __builtin_popcount(is_between);
        here = _mm512_add_epi32(here, step);
    }
#endif
    for (; i < count; i++) {
        found[size] = words[i];
        places[size] = (int32_t)i;
        size += (words[i] > low) & (words[i] <= high);
    }
    return size;
}
