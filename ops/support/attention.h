// What attention and attention_grad share: attributes, sizes, checks, and the score tile.
#pragma once
#include <cmath>

#include "graph/op.h"
#include "ops/support/dropout_mask.h"
#include "ops/support/partition.h"
#include "ops/support/tile.h"

namespace cambium {
struct Attention {
  bool causal = false, alibi = false;
  double scale = 0, soft_cap = 0, dropout = 0;
  int64_t window = 0, stream = 0;
  static constexpr auto fields = std::tuple{
      field("causal", &Attention::causal, "query t sees keys s <= t + S - T only"),
      field("window", &Attention::window,
            "query t sees keys with |t + S - T - s| < window only; 0: all")
          .in(0),
      field("alibi", &Attention::alibi, "head h adds -2^(-8 (h + 1) / H) |t + S - T - s|"),
      field("soft_cap", &Attention::soft_cap, "scores s become cap tanh(s / cap); 0: they stay")
          .in(0),
      field("scale", &Attention::scale, "factor on q . k; 0: 1 / sqrt(D)").in(0),
      field("dropout", &Attention::dropout, "share of the weights that is zeroed").in(0, 0.999999),
      field("stream", &Attention::stream, "name of the random stream of dropout")};
};

// Queries and keys are worked on in tiles of 64. Scores lie transposed, a row a key and a lane a
// query: the softmax then runs down the lanes without a sum across them, and keys and values are
// read as they come. Rows of a tile are 5 cache lines apart, which spreads them over the sets.
constexpr int64_t kQueryTile = 64, kKeyTile = 64;
constexpr int64_t kTileStride = kQueryTile + 16;

struct AttentionSizes {
  int64_t B, T, S, H, G, D;  // batch, queries, keys, query heads, key heads, head width
  bool causal, alibi;
  float scale, soft_cap;
  int64_t window;
  int64_t width;  // D rounded up to 16

  int64_t heads_per_group() const { return H / G; }

  // Query t sees keys [lowest(t), visible(t)).
  int64_t visible(int64_t t) const {
    if (causal) return t + S - T + 1;
    return window > 0 ? std::min(S, t + S - T + window) : S;
  }

  int64_t lowest(int64_t t) const {
    return window > 0 ? std::max<int64_t>(0, t + S - T - window + 1) : 0;
  }

  // Key s is seen by queries first_query(s) to last_query(s).
  int64_t first_query(int64_t s) const {
    if (causal) return std::max<int64_t>(0, s - (S - T));
    return window > 0 ? std::max<int64_t>(0, s - (S - T) - window + 1) : 0;
  }

  int64_t last_query(int64_t s) const {
    return window > 0 ? std::min(T - 1, s - (S - T) + window - 1) : T - 1;
  }

  // The factor of the distance in head h (Press et al. 2021, arXiv 2108.12409).
  double slope(int64_t h) const { return alibi ? std::exp2(-8.0 * double(h + 1) / double(H)) : 0; }

  int64_t query(int64_t b, int64_t t, int64_t h) const { return ((b * T + t) * H + h) * D; }

  int64_t key(int64_t b, int64_t s, int64_t g) const { return ((b * S + s) * G + g) * D; }

  // Position of the weight of query t and key 0 in the dropout mask; rows start at whole blocks.
  int64_t mask_row(int64_t b, int64_t h, int64_t t) const {
    return ((b * H + h) * T + t) * round_up(S, DropoutMask::kBlock);
  }

  // Pairs of query and key that are worked on, over batch and heads.
  double pairs() const;
};

AttentionSizes attention_sizes(const Call& c);

// The score of a pair from its scaled dot product, in double.
double attention_score(const AttentionSizes& z, double dot, int64_t h, int64_t t, int64_t s);

// UserError unless q, k, v are f32 [B,T,H,D], [B,S,G,D], [B,S,G,D] with H a multiple of G; with
// dropout, input `rng` must be i64 [2].
void check_attention(const Call& c, int rng);

// cap tanh(x / cap), and its slope where `slope` is not null.
[[gnu::always_inline]] inline Lanes capped(Lanes x, float cap, Lanes* slope) {
  const Lanes a = (x < 0.0f ? -x : x) * (2 / cap);
  const Lanes e = exp_lanes(a > 40.0f ? Lanes{} - 40.0f : -a);  // tanh = (1 - e) / (1 + e)
  const Lanes t = (1.0f - e) / (1.0f + e);
  if (slope) *slope = 1.0f - t * t;
  return (x < 0.0f ? -t : t) * cap;
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

  // Whether every query of vector v sees every key.
  bool whole(int64_t v) const {
    return z.visible(q0 + v * kLanes) - j0 >= keys && z.lowest(last_of(v)) <= j0;
  }

  // Whether every query sees every key.
  bool whole() const { return whole(0) && whole(vectors() - 1); }

  // All ones in the lanes of vector v whose query sees key i.
  [[gnu::always_inline]] IntLanes mask(int64_t v, int64_t i) const {
    const int64_t base = q0 + v * kLanes;
    return (lane_numbers() >= int32_t(z.first_query(j0 + i) - base)) &
           (lane_numbers() <= int32_t(z.last_query(j0 + i) - base));
  }

  // What ALiBi adds to the scores of vector v and key i.
  [[gnu::always_inline]] Lanes distance_bias(int64_t v, int64_t i, float slope) const {
    const auto far = int32_t(q0 + v * kLanes + z.S - z.T - j0 - i);
    const Lanes distance = __builtin_convertvector(lane_numbers() + far, Lanes);
    return (distance < 0.0f ? distance : -distance) * slope;
  }
};

// scores[i, t] = a_i . b_t for the pairs that see each other, in blocks of 8 keys and 16 queries:
// a [keys, D] row-major, b [D, kQueryTile] transposed queries, scores [keys, kTileStride].
inline void multiply_scores(const ScoreTile& tile, const float* a, const float* b, float* scores) {
  const int64_t D = tile.z.D, step = tile.whole() ? tile.keys : 8;
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
inline void add_weighted(const ScoreTile& tile, const float* values, const float* weights,
                         float* to) {
  const int64_t D = tile.z.D, step = tile.whole() ? tile.vectors() : 2;
  for (int64_t v = 0; v < tile.vectors(); v += step) {
    const int64_t n = std::min(step, tile.vectors() - v);
    const TileRange keys = tile.keys_of(v, n);
    if (keys.empty()) continue;
    multiply_tile({D, n * kLanes, keys.end - keys.begin, values + keys.begin * D, 1, D,
                   weights + keys.begin * kTileStride + v * kLanes, kTileStride, to + v * kLanes,
                   kQueryTile, true});
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
