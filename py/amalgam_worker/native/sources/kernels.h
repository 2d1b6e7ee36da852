// What the kernels share. They see plain memory only: pointers, counts, numbers.
//
// Every kernel gives the bits that its torch version gives. So it calculates in IEEE arithmetic, one rounding
// per operation, in the order in which that does: compiled without contraction into fused multiply-adds, but
// where they are written down, and without any leave to reorder.
#pragma once

#include <cstdint>
#include <cstring>

#define AMALGAM_KERNEL extern "C" __attribute__((visibility("default")))

// Elements that are worked on at a time: a few such rows stay in the first-level cache.
constexpr int64_t STRIP = 1024;

// Room for a strip. Rows of a power of two would all want the same places of the cache.
constexpr int64_t PADDED = STRIP + 80;

inline int64_t smaller(int64_t one, int64_t other) { return one < other ? one : other; }
