// Elements as files hold them, read as float32.
#pragma once

#include "kernels.h"

enum Type : int64_t { FLOAT32 = 0, BFLOAT16 = 1, FLOAT16 = 2 };

// Two numbers of 64 bits.
struct Stored {
    const void *data;
    int64_t type;
};

struct OfFloat32 {
    const float *values;
    float operator()(int64_t i) const { return values[i]; }
};

struct OfBfloat16 {
    const uint16_t *values;
    float operator()(int64_t i) const {
        const uint32_t bits = (uint32_t)values[i] << 16;
        float value;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }
};

struct OfFloat16 {
    const uint16_t *values;
    float operator()(int64_t i) const {
        const uint32_t magnitude = (uint32_t)(values[i] & 0x7fff) << 13, sign = (uint32_t)(values[i] & 0x8000) << 16;
        // Exponents begin 112 lower; that of what is not finite is the last in either type.
        const uint32_t shift = magnitude >= 0x0f800000 ? 224u << 23 : 112u << 23;
        const uint32_t normal = magnitude + shift, raised = magnitude + (113u << 23);
        float small;
        std::memcpy(&small, &raised, sizeof small);
        small -= 6.103515625e-05f;
        uint32_t subnormal;
        std::memcpy(&subnormal, &small, sizeof subnormal);
        const uint32_t bits = (magnitude < 0x00800000 ? subnormal : normal) | sign;
        float value;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }
};

// Calls `use` with what gives, by place from `first` on, an element as float32.
template <typename Use> inline void with_elements(const Stored &stored, int64_t first, const Use &use) {
    if (stored.type == BFLOAT16) use(OfBfloat16{(const uint16_t *)stored.data + first});
    else if (stored.type == FLOAT16) use(OfFloat16{(const uint16_t *)stored.data + first});
    else use(OfFloat32{(const float *)stored.data + first});
}

// The elements from `first` on; in `room` where they are not float32 already.
inline const float *widened(const Stored &stored, int64_t first, int64_t size, float *__restrict room) {
    if (stored.type == FLOAT32) return (const float *)stored.data + first;
    with_elements(stored, first, [=](auto at) {
        for (int64_t i = 0; i < size; i++) room[i] = at(i);
    });
    return room;
}

// What the elements from `first` on differ from others.
inline void subtract(const Stored &stored, int64_t first, const float *__restrict other, int64_t size,
                     float *__restrict result) {
    with_elements(stored, first, [=](auto at) {
        for (int64_t i = 0; i < size; i++) result[i] = at(i) - other[i];
    });
}
