// The task-arithmetic family: task vectors, thinned out, rescaled, added up with or without sign election.
#include <vector>

#include "election.h"
#include "few_task_vectors.h"
#include "thin.h"

// Elements that few models are merged of at a time; a part of BLOCK.
constexpr int64_t STRIPS = 8 * STRIP;

// Room for a strip of each task vector, and what its thinning has met.
struct Rooms {
    std::vector<float> room;
    std::vector<float *> vectors;
    std::vector<Met> met;

    explicit Rooms(int64_t count) : room(count * PADDED), vectors(count), met(count) {
        for (int64_t v = 0; v < count; v++) vectors[v] = room.data() + v * PADDED;
    }
};

// A strip of any models.
static void merge_strip(const Merging &how, const Span &span, Rooms &rooms, float *__restrict result) {
    const int64_t size = span.size;
    float wide[PADDED], total[PADDED], divisor[PADDED];
    uint32_t hashes[PADDED];
    const float *origin = widened(*how.base, span.first, size, wide);
    hash_places(how.thinnings, how.count, span, hashes);
    for (int64_t v = 0; v < how.count; v++) {
        float *__restrict delta = rooms.vectors[v];
        const float factor = (float)how.factors[v];
        if (how.are_deltas)
            with_elements(how.inputs[v], span.first, [=](auto at) {
                for (int64_t i = 0; i < size; i++) delta[i] = at(i);
            });
        else subtract(how.inputs[v], span.first, origin, size, delta);
        thin(how.thinnings[v], delta, span, hashes, rooms.met[v]);
        for (int64_t i = 0; i < size; i++) delta[i] *= factor;
    }
    if (how.elects) {
        elect({nullptr, how.weights, 1.0f}, rooms.vectors.data(), how.count, 0, size, total, divisor);
        if (how.weights)
            for (int64_t i = 0; i < size; i++) total[i] /= divisor[i] + (divisor[i] == 0.0f ? 1.0f : 0.0f);
    } else {
        std::memcpy(total, rooms.vectors[0], sizeof(float) * size);
        for (int64_t v = 1; v < how.count; v++) add_to(total, rooms.vectors[v], size);
    }
    for (int64_t i = 0; i < size; i++) result[i] = origin[i] + total[i] * how.scale;
}

// Into `result` the base plus `scale` times the merged task vector. `are_deltas`: the inputs are task vectors
// already. `weights`: what the election divides by, or none.
AMALGAM_KERNEL int64_t amalgam_merge_task_vectors(const Stored *inputs, int32_t are_deltas, const Stored *base,
                                                  int64_t count, int64_t elements, int64_t first_block,
                                                  const Thinning *thinnings, const double *factors, int32_t elects,
                                                  const double *weights, double scale, float *result) {
    const Merging how = {inputs,  base,    count,           thinnings,   factors,
                         weights, are_deltas != 0, elects != 0, (float)scale};
    Rooms rooms(count);
    for (int64_t first = 0; first < elements; first += STRIPS) {
        const Span span = {first, smaller(STRIPS, elements - first), first_block + first / BLOCK};
        if (few_are_merged(how, span, result + first)) continue;
        for (int64_t from = 0; from < span.size; from += STRIP)
            merge_strip(how, span.part(from, STRIP), rooms, result + first + from);
    }
    return 0;
}
