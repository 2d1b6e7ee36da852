// Variances as far as a bracket asks: exact inside, above it and below it only known to be there.
#pragma once

#include "variance.h"

// Float32 is off by less, in bit patterns: the error for 4 models is below 64 * 2^-24 of the value. That
// holds from 2^-100 to 2^100, where no square leaves the range in a way that matters.
constexpr int32_t OFF = 256, TINY = 27 << 23, HUGE_ONE = 227 << 23;

// Indices of what is not zero of a strip.
inline int64_t list_places(const uint8_t *marks, int64_t size, int32_t *places) {
    int64_t listed = 0;
    for (int64_t first = 0; first < size; first += 64) {
        uint64_t mask = 0;
        for (int64_t byte = 0; byte < 8; byte++) {
            uint64_t eight;
            std::memcpy(&eight, marks + first + 8 * byte, 8);
            mask |= eight * 0x0102040810204080u >> 56 << 8 * byte;
        }
        for (; mask; mask &= mask - 1) places[listed++] = (int32_t)(first + __builtin_ctzll(mask));
    }
    return listed;
}

template <int COUNT>
int64_t near_variance_of(const float *const *strips, int64_t size, int32_t low, int32_t high,
                         float *__restrict variances, int32_t *__restrict places) {
    const float share = 1.0f / COUNT;
    const uint32_t least = (uint32_t)(low > OFF ? low - OFF : 0), width = (uint32_t)high + OFF - least;
    const float *each[COUNT];
    for (int v = 0; v < COUNT; v++) each[v] = strips[v];
    uint8_t doubtful[STRIP];
    std::memset(doubtful + size / 64 * 64, 0, size % 64 ? 64 : 0);
    for (int64_t i = 0; i < size; i++) {
        float apart[COUNT], mean = 0.0f;
        bool differs = false;
        for (int v = 1; v < COUNT; v++) {
            apart[v] = each[v][i] - each[0][i];
            differs |= apart[v] != 0.0f;
            mean += apart[v];
        }
        mean *= share;
        float total = mean * mean;
        for (int v = 1; v < COUNT; v++) {
            apart[v] -= mean;
            total += apart[v] * apart[v];
        }
        const float value = total * share;
        const uint32_t bits = (uint32_t)bits_of(value);
        const bool is_near = bits - least <= width, is_odd = bits - TINY >= (uint32_t)(HUGE_ONE - TINY);
        variances[i] = value;
        doubtful[i] = differs & (is_near | is_odd);
    }
    const int64_t listed = list_places(doubtful, size, places);
    for (int64_t p = 0; p < listed; p++) variances[places[p]] = variance_at<COUNT>(each, places[p]);
    return listed;
}

// Of a strip at most. Lists places, in order, among them all that are inside the bracket and above zero.
inline int64_t near_variances(const float *const *strips, int64_t count, int64_t size, int32_t low, int32_t high,
                              float *variances, int32_t *places) {
    switch (count) {
    case 2: return near_variance_of<2>(strips, size, low, high, variances, places);
    case 3: return near_variance_of<3>(strips, size, low, high, variances, places);
    case 4: return near_variance_of<4>(strips, size, low, high, variances, places);
    default: break;
    }
    variance_of_many(strips, count, size, variances);
    int64_t listed = 0;
    for (int64_t i = 0; i < size; i++) {
        places[listed] = (int32_t)i;
        const uint32_t bits = (uint32_t)bits_of(variances[i]);
        listed += bits > 0 && bits - (uint32_t)low <= (uint32_t)(high - low);
    }
    return listed;
}
