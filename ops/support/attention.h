// What attention and attention_grad share: attributes, sizes, checks, and the score tile.
#pragma once
#include "graph/op.h"
#include "ops/support/dropout_mask.h"
#include "ops/support/partition.h"
#include "ops/support/tile.h"

namespace cambium {
struct Attention {
  bool causal = false;
  double scale = 0, dropout = 0;
  int64_t stream = 0;
  static constexpr auto fields = std::tuple{
      field("causal", &Attention::causal, "query t sees keys s <= t + S - T only"),
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
  bool causal;
  float scale;
  int64_t width;  // D rounded up to 16

  int64_t heads_per_group() const { return H / G; }

  // How many keys query t sees.
  int64_t visible(int64_t t) const { return causal ? t + S - T + 1 : S; }

  // The first query that sees key s.
  int64_t first_query(int64_t s) const { return causal ? std::max<int64_t>(0, s - (S - T)) : 0; }

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

// UserError unless q, k, v are f32 [B,T,H,D], [B,S,G,D], [B,S,G,D] with H a multiple of G; with
// dropout, input `rng` must be i64 [2].
void check_attention(const Call& c, int rng);

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

  // Keys that some query of vectors [v, v + n) sees.
  TileRange keys_of(int64_t v, int64_t n) const {
    const int64_t last = std::min(q0 + (v + n) * kLanes, q0 + queries) - 1;
    return {0, std::clamp<int64_t>(z.visible(last) - j0, 0, keys)};
  }

  // Queries that see some key of [i, i + n).
  TileRange queries_of(int64_t i, int64_t) const {
    return {std::clamp<int64_t>(z.first_query(j0 + i) - q0, 0, queries), queries};
  }

  // Whether every query of vector v sees every key.
  bool whole(int64_t v) const { return z.visible(q0 + v * kLanes) - j0 >= keys; }

  // All ones in the lanes of vector v whose query sees key i.
  [[gnu::always_inline]] IntLanes mask(int64_t v, int64_t i) const {
    return lane_numbers() >= int32_t(z.first_query(j0 + i) - q0 - v * kLanes);
  }
};

// scores[i, t] = a_i . b_t for the pairs that see each other, in blocks of 8 keys and 16 queries:
// a [keys, D] row-major, b [D, kQueryTile] transposed queries, scores [keys, kTileStride].
inline void multiply_scores(const ScoreTile& tile, const float* a, const float* b, float* scores) {
  const int64_t D = tile.z.D, step = tile.whole(0) ? tile.keys : 8;
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
  const int64_t D = tile.z.D, step = tile.whole(0) ? tile.vectors() : 2;
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
