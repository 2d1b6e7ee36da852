// What models differ from their base by, and how these differences vary over the models; see kernels.variance.
#pragma once

#include <vector>

#include "keep_largest.h"
#include "stored.h"

// Of few vectors at a place: it stays in registers.
template <int COUNT> inline float variance_at(const float *const *each, int64_t i) {
    const double share = 1.0 / COUNT, origin = (double)each[0][i];
    double apart[COUNT], mean = 0.0;
    for (int v = 1; v < COUNT; v++) {
        apart[v] = (double)each[v][i] - origin;
        mean += apart[v];
    }
    mean *= share;
    double total = mean * mean;
    for (int v = 1; v < COUNT; v++) {
        apart[v] -= mean;
        total += apart[v] * apart[v];
    }
    return (float)(total * share);
}

template <int COUNT> void variance_of(const float *const *vectors, int64_t size, float *__restrict variances) {
    const float *each[COUNT];
    for (int v = 0; v < COUNT; v++) each[v] = vectors[v];
    for (int64_t i = 0; i < size; i++) variances[i] = variance_at<COUNT>(each, i);
}

// Many: a strip at a time.
inline void variance_of_many(const float *const *strips, int64_t count, int64_t size, float *variances) {
    const double share = 1.0 / (double)count;
    double mean[STRIP], total[STRIP];
    const float *origin = strips[0];
    for (int64_t i = 0; i < size; i++) mean[i] = 0.0;
    for (int64_t v = 1; v < count; v++)
        for (int64_t i = 0; i < size; i++) mean[i] += (double)strips[v][i] - (double)origin[i];
    for (int64_t i = 0; i < size; i++) {
        mean[i] *= share;
        total[i] = mean[i] * mean[i];
    }
    for (int64_t v = 1; v < count; v++)
        for (int64_t i = 0; i < size; i++) {
            const double apart = (double)strips[v][i] - (double)origin[i] - mean[i];
            total[i] += apart * apart;
        }
    for (int64_t i = 0; i < size; i++) variances[i] = (float)(total[i] * share);
}

// A strip at most.
inline void variance_of_strips(const float *const *strips, int64_t count, int64_t size, float *variances) {
    switch (count) {
    case 2: return variance_of<2>(strips, size, variances);
    case 3: return variance_of<3>(strips, size, variances);
    case 4: return variance_of<4>(strips, size, variances);
    default: return variance_of_many(strips, count, size, variances);
    }
}

// Room for a part of each vector's differences to the base.
class Differences {
  public:
    Differences(int64_t count, int64_t most) : origin(most), room(count * padded(most)), parts(count) {
        for (int64_t v = 0; v < count; v++) parts[v] = room.data() + v * padded(most);
    }

    // Gives the base's elements, which are valid as long as these are.
    const float *take(const Stored *vectors, const Stored &base, int64_t first, int64_t size) {
        const float *from = widened(base, first, size, origin.data());
        for (size_t v = 0; v < parts.size(); v++) subtract(vectors[v], first, from, size, parts[v]);
        return from;
    }

    float *const *vectors() const { return parts.data(); }

  private:
    std::vector<float> origin, room;
    std::vector<float *> parts;

    static int64_t padded(int64_t most) { return most + PADDED - STRIP; }
};
