// Sums of magnitudes of task vectors, and of what random masks by rank leave of them; see methods.della.
#include "random_words.h"
#include "ranked_mask.h"
#include "row_groups.h"
#include "stored.h"

struct RankedModel {
    Stored input;
    const int32_t *keys;
    RankLimits limits;
    RowGroups whole, left;
};

// Magnitudes of a row's differences from the base; the largest of their bit patterns.
static int32_t magnitudes(const Stored &input, int64_t first, const float *__restrict base, int64_t columns,
                          float *__restrict whole) {
    int32_t largest = 0;
    with_elements(input, first, [=, &largest](auto at) {
        int32_t most = 0;
        for (int64_t i = 0; i < columns; i++) {
            whole[i] = __builtin_fabsf(at(i) - base[i]);
            const int32_t bits = bits_of(whole[i]);
            most = bits > most ? bits : most;
        }
        largest = most;
    });
    return largest;
}

template <typename COUNT>
static void measure(std::vector<RankedModel> &models, const Stored &base, int64_t rows, int64_t columns,
                    int64_t place) {
    RankedMask<COUNT> mask(columns);
    std::vector<uint32_t> hashes(columns);
    std::vector<int32_t> words(columns);
    std::vector<uint8_t> kept(columns);
    std::vector<float> room(columns);
    for (int64_t row = 0; row < rows; row++, place += columns) {
        const float *origin = widened(base, row * columns, columns, room.data());
        hash_row(place, columns, hashes.data());
        for (RankedModel &model : models) {
            float *__restrict whole = model.whole.row(), *__restrict left = model.left.row();
            const int32_t largest = magnitudes(model.input, row * columns, origin, columns, whole);
            random_words(model.keys, hashes.data(), place, columns, words.data());
            mask.decide(whole, largest, model.limits, words.data(), kept.data());
            for (int64_t i = 0; i < columns; i++) left[i] = whole[i] * (float)kept[i];
            model.whole.take_row();
            model.left.take_row();
        }
    }
    for (RankedModel &model : models) {
        model.whole.take_rest();
        model.left.take_rest();
    }
}

// Sums by group: [count, 2, groups]; `bits`, of what is left, or none for each. Limits ascend.
AMALGAM_KERNEL int64_t amalgam_ranked_norms(const Stored *inputs, const Stored *base, int64_t count, int64_t rows,
                                            int64_t columns, const int32_t *const *limits,
                                            const int32_t *const *keys, int64_t place, float *sums,
                                            uint8_t *const *bits) {
    const int64_t groups = (rows * columns + SUM_GROUP - 1) / SUM_GROUP;
    std::vector<RankedModel> models;
    for (int64_t v = 0; v < count; v++, sums += 2 * groups)
        models.push_back({inputs[v], keys[v], RankLimits(limits[v], columns), RowGroups(columns, sums, nullptr),
                          RowGroups(columns, sums + groups, bits[v])});
    if (columns <= UINT16_MAX) measure<uint16_t>(models, *base, rows, columns, place);
    else measure<uint32_t>(models, *base, rows, columns, place);
    return 0;
}
