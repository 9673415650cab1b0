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

// Queries are worked on in tiles of 64, keys in tiles of 128: a tile of scores fits the L1 cache.
constexpr int64_t kQueryTile = 64, kKeyTile = 128;
constexpr int64_t kScoreStride =
    kKeyTile + 16;  // 9 cache lines a row: columns spread over the sets

struct AttentionSizes {
  int64_t B, T, S, H, G, D;  // batch, queries, keys, query heads, key heads, head width
  bool causal;
  float scale;
  int64_t width;        // D rounded up to 16
  int64_t padded_keys;  // S rounded up to 32

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

// Scores of queries [q0, q0 + rows) and keys [j0, j0 + count): to[i,j] = a[i] . b[j] with packed a
// [rows, width] and panels b (pack_panels, from key 0). Blocks of 8 queries that see none of a
// panel's keys are left untouched.
[[gnu::always_inline]] inline void score_tile(const AttentionSizes& z, int64_t q0, int64_t rows,
                                              int64_t j0, int64_t count, const float* a,
                                              const float* panels, float* to) {
  for (int64_t j = 0; j < count; j += kPanel) {
    const float* panel = panels + (j0 + j) * z.D;
    int64_t i = std::max<int64_t>(0, z.first_query(j0 + j) - q0) / kTileRows * kTileRows;
    for (; i < rows; i += kTileRows)
      multiply_block<2>(z.D, a + i * z.width, z.width, 1, panel, kPanel, to + i * kScoreStride + j,
                        kScoreStride, false);
  }
}

// to [8-row blocks, width] += weights [rows, keys] values [keys, width], for the keys
// [j0, j0 + count) that each block of queries sees.
[[gnu::always_inline]] inline void add_weighted_rows(const AttentionSizes& z, int64_t q0,
                                                     int64_t rows, int64_t j0, int64_t count,
                                                     const float* weights, const float* values,
                                                     float* to) {
  for (int64_t i = 0; i < rows; i += kTileRows) {
    const int64_t last = std::min(q0 + i + kTileRows, z.T) - 1;
    const int64_t seen = std::min(count, z.visible(last) - j0);
    if (seen > 0)
      multiply_rows(z.width, seen, weights + i * kScoreStride, kScoreStride, 1,
                    values + j0 * z.width, z.width, to + i * z.width, z.width, true);
  }
}

// Factors (0 or 1 / (1 - p)) of the weights of one query for keys [j0, j0 + kKeyTile).
[[gnu::always_inline]] inline void mask_factors(const DropoutMask& mask, int64_t row, int64_t j0,
                                                int64_t count, float* factors) {
  for (int64_t j = 0; j < count; j += DropoutMask::kBlock)
    mask.block_factors((row + j0 + j) / DropoutMask::kBlock, factors + j);
}
}  // namespace cambium
