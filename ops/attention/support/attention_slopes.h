// The gradient of attention's softmax, tile by tile: scores become weights and slopes.
#pragma once
#include "ops/attention/support/attention_tiles.h"

namespace cambium {
struct HeadExtras {  // of one head of one sequence; null when left out
  float alibi;
  const float *bias, *real, *pairs;
  float *dbias, *dpairs;
};

struct QueryState {
  alignas(64) float lse[kQueryTile], delta[kQueryTile];  // delta_t = do_t . o_t
};

// Scores and dp of vector v and keys that all of its queries see become weights p and slopes ds,
// where nothing changes the scores.
[[gnu::always_inline]] inline void slope_of_seen(TileRange keys, const Lanes& lse,
                                                 const Lanes& delta, float* weights,
                                                 float* slopes) {
  for (int64_t at = keys.begin * kTileStride; at < keys.end * kTileStride; at += kTileStride) {
    const Lanes p = exp_lanes(load_lanes(weights + at) - lse);
    store_lanes(weights + at, p);
    store_lanes(slopes + at, p * (load_lanes(slopes + at) - delta));
  }
}

// Scores and dp of vector v and key i become weights m p and slopes ds, zeros where a query does
// not see the key. `factors` is null without dropout.
[[gnu::always_inline]] inline void slope_of_key(const ScoreTile& tile, int64_t v, int64_t i,
                                                const HeadExtras& head, const Lanes& lse,
                                                const Lanes& delta, const float* factors,
                                                float* weights, float* slopes) {
  const int64_t at = i * kTileStride;
  Lanes s = load_lanes(weights + at), dp = load_lanes(slopes + at), flat = {};
  if (tile.z.soft_cap > 0) s = capped(s, tile.z.soft_cap, &flat);
  if (head.alibi > 0) s += tile.distance_bias(v, i, head.alibi);
  if (head.bias) s += load_bias(tile, v, i, head.bias);
  if (head.pairs) s += load_pairs(tile, v, i, head.pairs);
  Lanes p = exp_lanes(s - lse);
  if (!tile.whole(v)) p = select_lanes(tile.mask(v, i), p, Lanes{});
  if (factors) {
    const Lanes m = load_lanes(factors + at);
    store_lanes(weights + at, p * m);
    dp *= m;
  } else {
    store_lanes(weights + at, p);
  }
  Lanes ds = p * (dp - delta);
  if (head.dbias) add_some(head.dbias + tile.bias_place(v, i), tile.lanes_of(v), ds);
  if (head.dpairs) add_some(head.dpairs + tile.pair_place(v, i), tile.lanes_of(v), ds);
  if (tile.z.soft_cap > 0) ds *= flat;
  store_lanes(slopes + at, ds);
}

// The same for all keys of vector v.
[[gnu::always_inline]] inline void slope(const ScoreTile& tile, int64_t v, const HeadExtras& head,
                                         const QueryState& state, const float* factors,
                                         float* weights, float* slopes) {
  const Lanes lse = load_lanes(state.lse + v * kLanes);
  const Lanes delta = load_lanes(state.delta + v * kLanes);
  const TileRange keys = tile.keys_of(v, 1), written = tile.written_keys(v);
  const bool changed =
      tile.z.soft_cap > 0 || head.alibi > 0 || head.bias || head.pairs || head.real || factors;
  const TileRange plain = changed ? TileRange{keys.end, keys.end} : tile.shared_keys(v);
  weights += v * kLanes;
  slopes += v * kLanes;
  if (factors) factors += v * kLanes;
  slope_of_seen(plain, lse, delta, weights, slopes);
  for (const TileRange& part :
       {TileRange{written.begin, plain.begin}, TileRange{plain.end, written.end}})
    for (int64_t i = part.begin; i < part.end; ++i) {
      if (i >= keys.begin && i < keys.end && is_real(head.real, tile.j0 + i)) {
        slope_of_key(tile, v, i, head, lse, delta, factors, weights, slopes);
        continue;
      }
      store_lanes(weights + i * kTileStride, Lanes{});
      store_lanes(slopes + i * kTileStride, Lanes{});
    }
}
}  // namespace cambium
