// What top_k_attention and its gradient share.
#pragma once
#include <algorithm>
#include <limits>

#include "ops/attention/support/attention.h"
#include "ops/support/shapes.h"

namespace cambium {
struct TopKAttention {
  bool causal = false;
  double scale = 0, soft_cap = 0;
  int64_t keep = 1;
  static constexpr auto fields = std::tuple{
      field("causal", &TopKAttention::causal, "query t sees keys s <= t + S - T only"),
      field("scale", &TopKAttention::scale, "factor on q . k; 0: 1 / sqrt(D)").in(0),
      field("soft_cap", &TopKAttention::soft_cap, "scores s become cap tanh(s / cap); 0: they stay")
          .in(0),
      field("keep", &TopKAttention::keep, "keys of a query").in(1)};
};

// A key and its score, for keep_best.
template <class Number> struct Scored {
  Number score;
  int32_t key;

  // Higher scores first, of equals the first key. NaN is the highest: an order must have a place
  // for it.
  bool operator<(const Scored& o) const {
    const bool nan = score != score, other = o.score != o.score;
    if (nan != other) return nan;
    return score > o.score || ((nan || score == o.score) && key < o.key);
  }
};

// The `keep` best of n scores at the front of `best` (room for 2 keep), in order of their keys; how
// many there are. Most scores meet a comparison with the worst that is kept and no more. NaN counts
// as infinite, so that it is not hidden.
template <class Number, class Score>
int64_t keep_best(int64_t n, int64_t keep, const Score& score, Scored<Number>* best) {
  constexpr Number kInfinite = std::numeric_limits<Number>::infinity();
  Number worst = -kInfinite;
  int64_t count = 0;
  for (int64_t s = 0; s < n; ++s) {
    Number x = score(s);
    if (x <= worst) continue;  // of equals the first
    best[count++] = {x == x ? x : kInfinite, int32_t(s)};
    if (count < 2 * keep) continue;
    std::nth_element(best, best + keep - 1, best + count);
    count = keep;
    worst = best[keep - 1].score;
  }
  if (count > keep) std::nth_element(best, best + keep - 1, best + count);
  count = std::min(count, keep);
  std::sort(best, best + count, [](const auto& a, const auto& b) { return a.key < b.key; });
  return count;
}

inline AttentionSizes top_k_sizes(const Call& c) {
  const auto& a = c.as<TopKAttention>();
  const Shape &q = c.shape(0), &k = c.shape(1);
  AttentionSizes z{};
  z.B = q[0], z.T = q[1], z.H = q[2], z.D = q[3], z.S = k[1], z.G = k[2], z.E = c.shape(2)[3];
  z.causal = a.causal;
  z.scale = float(a.scale > 0 ? a.scale : 1 / std::sqrt(double(std::max<int64_t>(1, z.D))));
  z.soft_cap = float(a.soft_cap);
  z.width = round_up(z.D, kLanes);
  return z;
}

// Pairs of a query and a key that it keeps: of few keys that it sees all.
inline double kept_pairs(const Call& c) {
  const AttentionSizes z = top_k_sizes(c);
  int64_t pairs = 0;
  for (int64_t t = 0; t < z.T; ++t)
    pairs += std::clamp<int64_t>(z.visible(t), 0, c.as<TopKAttention>().keep);
  return double(z.B * z.H) * double(pairs);
}

// Keys that are kept of each query: keep, or all.
inline int64_t kept_keys(const Call& c) {
  return std::min(c.as<TopKAttention>().keep, c.shape(1)[1]);
}

// UserError unless q, k, v are f32 [B,T,H,D], [B,S,G,D], [B,S,G,E] with H a multiple of G.
inline void check_top_k(const Call& c) {
  for (int i = 0; i < 3; ++i) require_f32(c, i);
  const Shape &q = c.shape(0), &k = c.shape(1), &v = c.shape(2);
  require(q.rank() == 4 && k.rank() == 4 && v.rank() == 4 && v.with_last(k[3]) == k, "q ", q,
          ", k ", k, ", v ", v, " are not [B,T,H,D], [B,S,G,D] and [B,S,G,E]");
  require(q[0] == k[0] && q[3] == k[3], "q ", q, " does not fit k ", k);
  require(k[2] > 0 && q[2] % k[2] == 0, "heads = ", q[2],
          " is not a multiple of kv_heads = ", k[2]);
  require(q.count() == 0 || k[1] > 0, "there are no keys to attend to: k is ", k);
  require(q.count() == 0 || !c.as<TopKAttention>().causal || k[1] >= q[1], "causal attention of ",
          q[1], " queries to ", k[1], " keys: the first queries would see nothing");
}
}  // namespace cambium
