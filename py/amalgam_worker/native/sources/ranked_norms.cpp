// Sums of magnitudes of task vectors, and of what random masks by rank leave of them; see methods.della.
#include "random_words.h"
#include "ranked_mask.h"
#include "row_groups.h"

struct RankedModel {
    const float *input;
    const int32_t *keys;
    RankLimits limits;
    RowGroups whole, left;
};

template <typename COUNT>
static void measure(std::vector<RankedModel> &models, const float *base, int64_t rows, int64_t columns,
                    int64_t place) {
    RankedMask<COUNT> mask(columns);
    std::vector<int32_t> words(columns);
    std::vector<uint8_t> kept(columns);
    for (int64_t row = 0; row < rows; row++, base += columns, place += columns)
        for (RankedModel &model : models) {
            const float *__restrict input = model.input + row * columns;
            float *__restrict whole = model.whole.row(), *__restrict left = model.left.row();
            int32_t largest = 0;
            for (int64_t i = 0; i < columns; i++) {
                whole[i] = __builtin_fabsf(input[i] - base[i]);
                const int32_t bits = bits_of(whole[i]);
                largest = bits > largest ? bits : largest;
            }
            random_words(model.keys, place, columns, words.data());
            mask.decide(whole, largest, model.limits, words.data(), kept.data());
            for (int64_t i = 0; i < columns; i++) left[i] = whole[i] * (float)kept[i];
            model.whole.take_row();
            model.left.take_row();
        }
    for (RankedModel &model : models) {
        model.whole.take_rest();
        model.left.take_rest();
    }
}

// Sums by group: [count, 2, groups]; `bits`, of what is left, or none for each. Limits ascend.
AMALGAM_KERNEL int64_t amalgam_ranked_norms(const float *const *inputs, const float *base, int64_t count,
                                            int64_t rows, int64_t columns, const int32_t *const *limits,
                                            const int32_t *const *keys, int64_t place, float *sums,
                                            uint8_t *const *bits) {
    const int64_t groups = (rows * columns + SUM_GROUP - 1) / SUM_GROUP;
    std::vector<RankedModel> models;
    for (int64_t v = 0; v < count; v++, sums += 2 * groups)
        models.push_back({inputs[v], keys[v], RankLimits(limits[v], columns), RowGroups(columns, sums, nullptr),
                          RowGroups(columns, sums + groups, bits[v])});
    if (columns <= UINT16_MAX) measure<uint16_t>(models, base, rows, columns, place);
    else measure<uint32_t>(models, base, rows, columns, place);
    return 0;
}
