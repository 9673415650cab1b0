// Softmax of attention, tile by tile: scores become weights relative to the highest score so far.
#pragma once
#include "ops/attention/support/attention_tiles.h"
#include "ops/attention/support/row_mask.h"

namespace cambium {
inline constexpr float kLowest = -1.7e38f;  // below any score, yet differences of it stay finite

struct SoftmaxState {  // of the scores seen so far; sum is of e^(score - highest)
  alignas(64) float highest[kQueryTile], sum[kQueryTile];
};

// What is done to the scores of a head before the softmax; null where left out.
struct ScoreChanges {
  float slope;
  const float *bias, *real, *pairs;  // `real` is the tile's part of the mask

  bool none(const AttentionSizes& z) const {
    return slope <= 0 && z.soft_cap <= 0 && !bias && !real && !pairs;
  }
};

// The maximum of `top` and the scores of `keys` in a vector's column.
[[gnu::always_inline]] inline Lanes highest_of(const float* column, TileRange keys, Lanes top) {
  Lanes tops[4] = {top, top, top, top};
  int64_t i = keys.begin;
  for (; i + 4 <= keys.end; i += 4)
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) {
      const Lanes s = load_lanes(column + (i + k) * kTileStride);
      tops[k] = s > tops[k] ? s : tops[k];
    }
  for (; i < keys.end; ++i) {
    const Lanes s = load_lanes(column + i * kTileStride);
    tops[0] = s > tops[0] ? s : tops[0];
  }
#pragma GCC unroll 3
  for (int k = 1; k < 4; ++k) tops[0] = tops[k] > tops[0] ? tops[k] : tops[0];
  return tops[0];
}

// The scores of vector v and `keys` as the softmax sees them, and their maximum with `top`. A query
// that does not see a key has kLowest there, which is not stored.
[[gnu::always_inline]] inline Lanes adjust(const ScoreTile& tile, int64_t v, TileRange keys,
                                           const ScoreChanges& changes, float* column, Lanes top) {
  const bool whole = tile.whole(v);
  for (int64_t i = keys.begin; i < keys.end; ++i) {
    if (!is_real(changes.real, i)) continue;
    Lanes s = load_lanes(column + i * kTileStride);
    if (tile.z.soft_cap > 0) s = capped(s, tile.z.soft_cap, nullptr);
    if (changes.slope > 0) s += tile.distance_bias(v, i, changes.slope);
    if (changes.bias) s += load_bias(tile, v, i, changes.bias);
    if (changes.pairs) s += load_pairs(tile, v, i, changes.pairs);
    store_lanes(column + i * kTileStride, s);
    if (!whole) s = select_lanes(tile.mask(v, i), s, Lanes{} + kLowest);
    top = s > top ? s : top;
  }
  return top;
}

// Turns scores of vector v into weights e^(score - top) and adds them to `sum`: of keys that all of
// its queries see, ...
[[gnu::always_inline]] inline void weigh(float* column, TileRange keys, const Lanes& top,
                                         Lanes& sum) {
  for (int64_t i = keys.begin; i < keys.end; ++i) {
    const Lanes e = exp_below(load_lanes(column + i * kTileStride) - top);
    store_lanes(column + i * kTileStride, e);
    sum += e;
  }
}

// ... and of others, zeros where a query does not see the key.
[[gnu::always_inline]] inline void weigh_seen(const ScoreTile& tile, int64_t v, float* column,
                                              TileRange keys, const float* real, const Lanes& top,
                                              Lanes& sum) {
  for (int64_t i = keys.begin; i < keys.end; ++i) {
    Lanes e = {};
    if (is_real(real, i))
      e = select_lanes(tile.mask(v, i), exp_below(load_lanes(column + i * kTileStride) - top), e);
    store_lanes(column + i * kTileStride, e);
    sum += e;
  }
}

[[gnu::always_inline]] inline void clear(float* column, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) store_lanes(column + i * kTileStride, Lanes{});
}

// Turns the scores of vector v into weights e^(score - highest), zeros where a query does not see
// the key, and shrinks the state and the rows of `output` to the new maximum.
[[gnu::always_inline]] inline void soften(const ScoreTile& tile, int64_t v,
                                          const ScoreChanges& changes, bool first, float* scores,
                                          SoftmaxState& state, float* output) {
  float* column = scores + v * kLanes;
  const TileRange keys = tile.keys_of(v, 1), written = tile.written_keys(v);
  const TileRange shared = changes.real ? TileRange{keys.end, keys.end} : tile.shared_keys(v);
  const TileRange before = {keys.begin, shared.begin}, behind = {shared.end, keys.end};
  const Lanes old = load_lanes(state.highest + v * kLanes);
  Lanes top = old, sum = {};
  if (changes.none(tile.z)) {
    top = highest_of(column, shared, top);
    for (const TileRange& some : {before, behind})
      for (int64_t i = some.begin; i < some.end; ++i) {
        const Lanes s =
            select_lanes(tile.mask(v, i), load_lanes(column + i * kTileStride), Lanes{} + kLowest);
        top = s > top ? s : top;
      }
  } else {
    top = adjust(tile, v, keys, changes, column, top);
  }
  clear(column, written.begin, keys.begin);
  weigh_seen(tile, v, column, before, changes.real, top, sum);
  weigh(column, shared, top, sum);
  weigh_seen(tile, v, column, behind, changes.real, top, sum);
  clear(column, std::max(keys.begin, keys.end), written.end);
  const Lanes shrink = exp_below(old - top);
  store_lanes(state.highest + v * kLanes, top);
  store_lanes(state.sum + v * kLanes, load_lanes(state.sum + v * kLanes) * shrink + sum);
  if (first) return;
  for (int64_t d = 0; d < tile.z.E; ++d) {
    float* row = output + d * kQueryTile + v * kLanes;
    store_lanes(row, load_lanes(row) * shrink);
  }
}
}  // namespace cambium
