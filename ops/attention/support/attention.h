// What attention and its relatives share: attributes, sizes and checks.
#pragma once
#include <cmath>

#include "graph/op.h"
#include "ops/attention/support/alibi.h"
#include "ops/attention/support/row_mask.h"
#include "ops/pointwise/support/dropout_mask.h"
#include "ops/support/ids.h"
#include "ops/support/partition.h"
#include "ops/support/reach.h"
#include "ops/support/tile.h"

namespace cambium {
struct Attention {
  bool causal = false, alibi = false;
  double scale = 0, soft_cap = 0, dropout = 0, rope = 0;
  int64_t window = 0, stream = 0, block = 0, turned = 0;
  static constexpr auto fields = std::tuple{
      field("causal", &Attention::causal, "query t sees keys s <= t + S - T only"),
      field("window", &Attention::window,
            "query t sees keys with |t + S - T - s| < window only; 0: all")
          .in(0),
      field("alibi", &Attention::alibi,
            "head h adds -slope(h) |t + S - T - s|; 2^(-8 (h + 1) / H) for H = 1, 2, 4 ..."),
      field("soft_cap", &Attention::soft_cap, "scores s become cap tanh(s / cap); 0: they stay")
          .in(0),
      field("scale", &Attention::scale, "factor on q . k; 0: 1 / sqrt(D)").in(0),
      field("dropout", &Attention::dropout, "share of the weights that is zeroed").in(0, 0.999999),
      field("rope", &Attention::rope, "base of the rotary positions of q and k; 0: none").in(0),
      field("turned", &Attention::turned, "rope: channels of a head that turn, the first; 0: all")
          .in(0),
      field("stream", &Attention::stream, "name of the random stream of dropout").any(),
      field("block", &Attention::block, "size of the blocks that the input `blocks` speaks of")
          .in(0, 64)};
};

// Of attention and attention_grad.
inline double rope_of_attention(const Attrs& a) {
  return a.as<Attention>().rope;
}

inline Attrs attention_with_rope(const Attrs& attrs, const Turn& turn) {
  auto a = attrs.as<Attention>();
  a.rope = turn.base;
  a.turned = turn.channels;
  return Attrs(a);
}

inline constexpr TurnsInputs kAttentionTurns{rope_of_attention, attention_with_rope};
inline constexpr TurnsInputs kAttentionGradientTurns{rope_of_attention, attention_with_rope, true};

// Optional inputs of attention and attention_grad, in this order behind the others: rng, then
//   bias [H,S+T-1]: head h adds bias[h, t - s + S - 1] to the score of query t and key s,
//   sinks [H]: one more key of score sinks[h] and value 0, of which lse knows,
//   blocks i32 [ceil(T / block), L]: the blocks of `block` keys that a block of queries looks at,
//   -1
//     for none; what is not listed is not computed. Each query must see some key,
//   mask [B,S]: keys below 1/2 are padding that no query sees; one that sees nothing else, nor a
//     sink, gets o = 0 and lse = 0,
//   pairs [1 or B,H,S,T]: pairs[b,h,s,t] is added to the score of query t and key s.
enum AttentionExtra {
  kRngExtra,
  kBiasExtra,
  kSinksExtra,
  kBlocksExtra,
  kMaskExtra,
  kPairsExtra,
  kAttentionExtras
};

// Queries and keys are worked on in tiles of 64. Scores lie transposed, a row a key and a lane a
// query: the softmax then runs down the lanes without a sum across them, and keys and values are
// read as they come. Rows of a tile are 5 cache lines apart, which spreads them over the sets.
constexpr int64_t kQueryTile = 64, kKeyTile = 64;
constexpr int64_t kTileStride = kQueryTile + 16;

struct AttentionSizes {
  int64_t B, T, S, H, G, D, E;  // batch, queries, keys, query heads, key heads, their widths, of v
  bool causal, alibi;
  float scale, soft_cap;
  int64_t window, block, listed;  // block 0: all blocks; listed: L, of a block of queries
  int64_t width, value_width;     // D and E rounded up to 16

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

  // The factor of the distance in head h.
  double slope(int64_t h) const { return alibi ? alibi_slope(h, H) : 0; }

  int64_t query(int64_t b, int64_t t, int64_t h) const { return ((b * T + t) * H + h) * D; }

  int64_t key(int64_t b, int64_t s, int64_t g) const { return ((b * S + s) * G + g) * D; }

  int64_t value(int64_t b, int64_t s, int64_t g) const { return ((b * S + s) * G + g) * E; }

  int64_t result(int64_t b, int64_t t, int64_t h) const { return ((b * T + t) * H + h) * E; }

  // Position of the weight of query t and key 0 in the dropout mask; rows start at whole blocks.
  int64_t mask_row(int64_t b, int64_t h, int64_t t) const {
    return ((b * H + h) * T + t) * round_up(S, DropoutMask::kBlock);
  }

  // Numbers of the bias of a head, and the one of a pair.
  int64_t distances() const { return S + T - 1; }

  int64_t bias(int64_t h, int64_t t, int64_t s) const { return h * distances() + t - s + S - 1; }

  // Where the pairs of a head begin; `sets` is 1 or B.
  int64_t pairs_of(int64_t sets, int64_t b, int64_t h) const {
    return ((sets > 1 ? b : 0) * H + h) * S * T;
  }

  // Queries that are worked on together, and how many such tiles there are.
  int64_t query_tile() const { return block > 0 ? block : kQueryTile; }

  int64_t query_tiles() const { return (T + query_tile() - 1) / query_tile(); }

  // Pairs of query and key that see each other, over batch and heads, when all blocks are listed.
  double pairs() const;
};

// `extra` is the input where the optional ones begin.
AttentionSizes attention_sizes(const Call& c, int extra);

// Of queries [B,T,H,D], keys [B,S,G,D] and values [B,S,G,E] without a list of blocks.
AttentionSizes attention_sizes(const Attention& a, const Shape& q, const Shape& k, const Shape& v);

// Channels of q and k that turn with `rope`.
inline int64_t turned_channels(const Attention& a, int64_t width) {
  return a.turned > 0 ? a.turned : width;
}

// Pairs that are worked on: those of the listed blocks when the list is known beforehand.
double attention_pairs(const Call& c, int extra);

// RuntimeError for a listed block that is none of the keys'.
template <class Id>
void check_blocks(std::string_view op, const AttentionSizes& z, const Id* blocks) {
  check_ids(str(op, "'s block"), blocks, z.query_tiles() * z.listed, (z.S + z.block - 1) / z.block,
            BelowZero::kNone);
}

// The score of a pair from its scaled dot product, in double.
double attention_score(const AttentionSizes& z, double dot, int64_t h, int64_t t, int64_t s);

// UserError unless q, k, v are f32 [B,T,H,D], [B,S,G,D], [B,S,G,E] with H a multiple of G, and the
// optional inputs from `extra` on fit.
void check_attention(const Call& c, int extra);

// The values and gradients in double, by the definition; of attention and attention_grad.
void attention_reference(const Call& c, std::span<const Ref> in, std::span<Ref> out);
void attention_grad_reference(const Call& c, std::span<const Ref> in, std::span<Ref> out);

// Optional inputs that are heard in part, null where left out, and what all results hear besides.
struct HeardExtras {
  const Reach *mask = nullptr, *blocks = nullptr, *pairs = nullptr;
  Heard rest = {};
};

// What each result hears: `in` begins with q, k and v. out: o [B,T,H,E], lse [B,H,T] and, of
// top_k_attention, kept [B,H,T,K].
void reach_attention(const AttentionSizes& z, std::span<const Reach> in, const HeardExtras& more,
                     std::span<Reach> out);

// Of attention: q, k, v and the optional inputs.
std::vector<Sample> attention_samples();

// Calls f(s) for the keys that query t sees, in order; not for tiles. `blocks` may be null, and so
// may `mask`, of the keys of its sequence.
template <class Number, class F>
void each_seen_key(const AttentionSizes& z, const Number* blocks, const double* mask, int64_t t,
                   const F& see) {
  const int64_t first = z.lowest(t), end = z.visible(t);
  const auto see_real = [&](int64_t s) {
    if (is_real(mask, s)) see(s);
  };
  if (!blocks) {
    for (int64_t s = first; s < end; ++s) see_real(s);
    return;
  }
  for (int64_t i = 0; i < z.listed; ++i) {
    const auto block = int64_t(blocks[t / z.block * z.listed + i]);
    const int64_t last = std::min(end, (block + 1) * z.block);
    for (int64_t s = std::max(first, block * z.block); block >= 0 && s < last; ++s) see_real(s);
  }
}
}  // namespace cambium
