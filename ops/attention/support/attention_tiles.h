// Tiles of attention's scores: who sees whom, and the products of one tile.
#pragma once
#include "ops/attention/support/attention.h"

namespace cambium {
// cap tanh(x / cap), and its slope where `slope` is not null.
[[gnu::always_inline]] inline Lanes capped(Lanes x, float cap, Lanes* slope) {
  const Lanes a = (x < 0.0f ? -x : x) * (2 / cap);
  const Lanes e = exp_below(a > 40.0f ? Lanes{} - 40.0f : -a);  // tanh = (1 - e) / (1 + e)
  const Lanes t = (1.0f - e) / (1.0f + e);
  if (slope) *slope = 1.0f - t * t;
  return (x < 0.0f ? -t : t) * cap;
}

// Zeros in the rows [rows, D] of keys that the mask says are padding: their weights are zero, and
// zero times NaN is not. `first` is the first row's key in the mask `real`, which may be null.
[[gnu::always_inline]] inline void clear_padding(const float* real, int64_t first, int64_t rows,
                                                 int64_t D, float* x) {
  for (int64_t i = 0; real && i < rows; ++i)
    if (!is_real(real, first + i)) std::fill_n(x + i * D, D, 0.0f);
}

// Whether query t sees a key that the mask `real` says is none of padding; `blocks` may be null.
inline bool sees_real(const AttentionSizes& z, const int32_t* blocks, const float* real,
                      int64_t t) {
  const auto any = [&](int64_t begin, int64_t end) {
    for (int64_t s = std::max(begin, z.lowest(t)); s < std::min(end, z.visible(t)); ++s)
      if (is_real(real, s)) return true;
    return false;
  };
  if (!blocks) return any(0, z.S);
  for (const int32_t *at = blocks + t / z.block * z.listed, *end = at + z.listed; at < end; ++at)
    if (*at >= 0 && any(*at * z.block, (*at + 1) * z.block)) return true;
  return false;
}

struct TileRange {
  int64_t begin, end;

  bool empty() const { return begin >= end; }
};

// Queries [q0, q0 + queries) against keys [j0, j0 + keys): who sees whom. Keys and queries count
// from the tile's own first; a vector is 16 queries.
struct ScoreTile {
  const AttentionSizes& z;
  int64_t q0, queries, j0, keys;

  int64_t vectors() const { return (queries + kLanes - 1) / kLanes; }

  int64_t last_of(int64_t v) const { return std::min(q0 + (v + 1) * kLanes, q0 + queries) - 1; }

  // Keys that some query of vectors [v, v + n) sees.
  TileRange keys_of(int64_t v, int64_t n) const {
    return {std::clamp<int64_t>(z.lowest(q0 + v * kLanes) - j0, 0, keys),
            std::clamp<int64_t>(z.visible(last_of(v + n - 1)) - j0, 0, keys)};
  }

  // Keys of vector v's part of the tile that a product may read: those of its pair of vectors, and
  // whole blocks of 8.
  TileRange written_keys(int64_t v) const {
    const TileRange mine = keys_of(v, 1), pair = keys_of(v - v % 2, 2);
    return {std::min(mine.begin / 8 * 8, pair.begin),
            std::max(std::min(round_up(mine.end, 8), keys), pair.end)};
  }

  // Queries that see some key of [i, i + n).
  TileRange queries_of(int64_t i, int64_t n) const {
    return {std::clamp<int64_t>(z.first_query(j0 + i) - q0, 0, queries),
            std::clamp<int64_t>(z.last_query(j0 + i + n - 1) + 1 - q0, 0, queries)};
  }

  // Keys that every query of vector v sees, a part of keys_of(v, 1).
  TileRange shared_keys(int64_t v) const {
    const TileRange some = keys_of(v, 1);
    const int64_t begin =
        std::clamp(z.lowest(last_of(v)) - j0, some.begin, std::max(some.begin, some.end));
    const int64_t end = std::clamp(z.visible(q0 + v * kLanes) - j0, int64_t{0}, some.end);
    return {begin, std::max(begin, end)};
  }

  // Whether every query of vector v sees every key.
  bool whole(int64_t v) const {
    return z.visible(q0 + v * kLanes) - j0 >= keys && z.lowest(last_of(v)) <= j0;
  }

  // Whether every query sees every key.
  bool whole() const { return whole(0) && whole(vectors() - 1); }

  // All ones in the lanes of vector v whose query sees key i.
  [[gnu::always_inline]] IntLanes mask(int64_t v, int64_t i) const {
    const int64_t base = q0 + v * kLanes;
    return lanes_from(z.first_query(j0 + i) - base) & ~lanes_from(z.last_query(j0 + i) + 1 - base);
  }

  // What ALiBi adds to the scores of vector v and key i.
  [[gnu::always_inline]] Lanes distance_bias(int64_t v, int64_t i, float slope) const {
    const auto far = int32_t(q0 + v * kLanes + z.S - z.T - j0 - i);
    const Lanes distance = __builtin_convertvector(lane_numbers() + far, Lanes);
    return (distance < 0.0f ? distance : -distance) * slope;
  }

  // The place in a head's bias of vector v's first query and key i; the others follow. Only
  // `lanes_of(v)` of them exist.
  int64_t bias_place(int64_t v, int64_t i) const { return q0 + v * kLanes - (j0 + i) + z.S - 1; }

  // The same in a head's pairs.
  int64_t pair_place(int64_t v, int64_t i) const { return (j0 + i) * z.T + q0 + v * kLanes; }

  int64_t lanes_of(int64_t v) const { return std::min(kLanes, queries - v * kLanes); }
};

// The tiles of keys that queries [q0, q0 + queries) look at.
struct KeyTiles {
  const AttentionSizes& z;
  int64_t q0, queries, start, limit, count;
  const int32_t* listed;  // null: all between start and limit

  KeyTiles(const AttentionSizes& z, const int32_t* blocks, int64_t q0, int64_t queries)
      : z(z),
        q0(q0),
        queries(queries),
        start(z.lowest(q0) / kKeyTile * kKeyTile),
        limit(z.visible(q0 + queries - 1)),
        count(blocks ? z.listed : (limit - start + kKeyTile - 1) / kKeyTile),
        listed(blocks ? blocks + q0 / z.block * z.listed : nullptr) {}

  // Tile n; one without keys is to be skipped.
  ScoreTile at(int64_t n) const {
    if (!listed) {
      const int64_t j0 = start + n * kKeyTile;
      return {z, q0, queries, j0, std::min(kKeyTile, limit - j0)};
    }
    const int64_t j0 = listed[n] < 0 ? limit : listed[n] * z.block;
    return {z, q0, queries, j0, std::min(z.block, limit - j0)};
  }
};

[[gnu::always_inline]] inline Lanes load_bias(const ScoreTile& tile, int64_t v, int64_t i,
                                              const float* bias) {
  const float* from = bias + tile.bias_place(v, i);
  return load_some(from, tile.lanes_of(v));
}

[[gnu::always_inline]] inline Lanes load_pairs(const ScoreTile& tile, int64_t v, int64_t i,
                                               const float* pairs) {
  return load_some(pairs + tile.pair_place(v, i), tile.lanes_of(v));
}

// Adds the first `count` lanes of x.
[[gnu::always_inline]] inline void add_some(float* to, int64_t count, const Lanes& x) {
  store_some(to, count, load_some(to, count) + x);
}

// scores[i, t] = a_i . b_t for the pairs that see each other, in blocks of 8 keys and 16 queries:
// a [keys, D] row-major, b [D, kQueryTile] transposed queries, scores [keys, kTileStride].
inline void multiply_scores(const ScoreTile& tile, const float* a, const float* b, int64_t D,
                            float* scores) {
  const int64_t step = tile.whole() ? tile.keys : 8;
  for (int64_t i = 0; i < tile.keys; i += step) {
    const int64_t n = std::min(step, tile.keys - i);
    const TileRange seen = tile.queries_of(i, n);
    if (seen.empty()) continue;
    const int64_t first = seen.begin / kLanes * kLanes;
    multiply_tile({n, round_up(seen.end, kLanes) - first, D, a + i * D, D, 1, b + first, kQueryTile,
                   scores + i * kTileStride + first, kTileStride, false});
  }
}

// to[d, t] += sum over the keys that t sees of values[i, d] weights[i, t]: values [keys, D], to
// [D, kQueryTile]. Weights of unseen keys are zero within pairs of vectors.
inline void add_weighted(const ScoreTile& tile, const float* values, int64_t D,
                         const float* weights, float* to) {
  const int64_t step = tile.whole() ? tile.vectors() : 2;
  for (int64_t v = 0; v < tile.vectors(); v += step) {
    const int64_t n = std::min(step, tile.vectors() - v);
    const TileRange keys = tile.keys_of(v, n);
    if (keys.empty()) continue;
    multiply_tile({D, n * kLanes, keys.end - keys.begin, values + keys.begin * D, 1, D,
                   weights + keys.begin * kTileStride + v * kLanes, kTileStride, to + v * kLanes,
                   kQueryTile, true});
  }
}

// to [keys, width] += x [keys, queries] y [queries, width], over the queries that see each block of
// 8 keys.
inline void add_to_keys(const ScoreTile& tile, const float* x, const float* y, int64_t width,
                        float* to) {
  const int64_t step = tile.whole() ? tile.keys : 8;
  for (int64_t i = 0; i < tile.keys; i += step) {
    const int64_t n = std::min(step, tile.keys - i);
    const TileRange seen = tile.queries_of(i, n);
    if (seen.empty()) continue;
    multiply_tile({n, width, seen.end - seen.begin, x + i * kTileStride + seen.begin, kTileStride,
                   1, y + seen.begin * width, width, to + i * width, width, true});
  }
}

// to[i, t] = factor (0 or 1 / (1 - p)) of the weight of query t and key i; `rows` is scratch for
// kQueryTile rows of kKeyTile.
[[gnu::always_inline]] inline void mask_factors(const ScoreTile& tile, const DropoutMask& mask,
                                                int64_t b, int64_t h, float* rows, float* to) {
  static_assert(kKeyTile == DropoutMask::kBlock);
  for (int64_t t = 0; t < tile.queries; ++t)
    mask.block_factors((tile.z.mask_row(b, h, tile.q0 + t) + tile.j0) / DropoutMask::kBlock,
                       rows + t * kKeyTile);
  pack_transposed(rows, kKeyTile, tile.queries, tile.keys, 1, to, kTileStride);
}
}  // namespace cambium
