// What token mixers with heads share: splitting channels into heads, and what stands behind them.
#pragma once
#include <cmath>

#include "blocks/padding.h"
#include "blocks/steps.h"
#include "core/text/number.h"

namespace cambium {
// UserError unless `heads` divides `width`; the help names the nearest numbers that do.
inline void require_heads(int64_t heads, int64_t width, std::string_view of = "C") {
  if (width % heads == 0) return;
  int64_t below = 1, above = 0;
  for (const int64_t h : divisors_of(width)) {
    if (h < heads) below = h;
    if (h > heads && !above) above = h;
  }
  const std::string help =
      above ? str("use heads: ", below, " or heads: ", above) : str("use heads: ", below);
  throw OptionError("heads", str("heads = ", heads, " does not divide ", of, " = ", width), help,
                    of == "C" ? width : 0);
}

// OptionError when a head is `width` wide here and of another width at the base sizes: sums over
// its channels are not scaled, more heads need no rule.
inline void require_base_width(Builder& b, int64_t width, int64_t heads) {
  const double base = b.at_base("head_width", double(width));
  if (base == double(width)) return;
  throw OptionError("heads",
                    str("no rule of ", b.scaling->name, " is known for heads of another width: ",
                        width, " here, ", base, " at the base sizes"),
                    str("let their number grow: heads: ",
                        std::max<int64_t>(1, std::llround(double(heads * width) / base))));
}

// [B,T,H D] -> [B,T,H,D]
inline Value split_heads(Builder& b, Value x, int64_t heads) {
  const Shape& s = x.shape();
  return b.emit(
      "reshape", {x},
      {{"shape", std::vector<int64_t>{s[0], s[1], heads, s[2] / std::max<int64_t>(1, heads)}}});
}

// [B,T,H,D] -> [B,T,H D]
inline Value merge_heads(Builder& b, Value x) {
  const Shape& s = x.shape();
  return b.emit("reshape", {x}, {{"shape", std::vector<int64_t>{s[0], s[1], s[2] * s[3]}}});
}

// x / sqrt(mean of x^2 + eps) over the last axis, times `factor`; no parameters.
inline Value rms_normalised(Builder& b, Value x, double eps, double factor = 1) {
  return b.emit("rms_norm", {x, b.filled({x.shape().last()}, factor)}, {{"eps", eps}});
}

// x / |x| over the last axis: an RMS norm whose scale is 1 / sqrt(D).
inline Value l2_normalised(Builder& b, Value x) {
  const auto d = double(std::max<int64_t>(1, x.shape().last()));
  return rms_normalised(b, x, 1e-6 / d, 1 / std::sqrt(d));
}

inline Value plus(Builder& b, Value x, double c) {
  return b.emit("add", {x, b.graph.scalar(c)});
}

// o_t = sum_s (q_t . k_s) v_s, divided by sum_s q_t . k_s + eps with `normalise`; q, k [B,T,H,F],
// v [B,T,H,D]. causal: s <= t, as a scan; else over all s, as two products; those of padding, where
// the mask [B,T,1] is 0, weigh nothing.
inline Value linear_mix(Builder& b, Value q, Value k, Value v, Value mask, bool causal,
                        bool normalise, double eps) {
  require_looks_back(b, causal);
  if (causal) return attend_linearly(b, q, k, v, {}, {.normalise = normalise, .eps = eps});
  if (mask) {
    const std::vector<int64_t> by_token = {k.shape()[0], k.shape()[1], 1, 1};
    k = b.emit("mul", {k, b.emit("reshape", {mask}, {{"shape", by_token}})});
  }
  const auto by_head = [&](Value x) {
    return b.emit("transpose", {x}, {{"perm", std::vector<int64_t>{0, 2, 1, 3}}});
  };
  q = by_head(q);
  k = by_head(k);
  const Value state = b.emit("matmul", {k, by_head(v)}, {{"transpose_a", true}});  // [B,H,F,D]
  Value o = b.emit("matmul", {q, state});                                          // [B,H,T,D]
  if (normalise) {
    const Value sum =
        b.emit("reduce_sum", {k}, {{"axes", std::vector<int64_t>{2}}, {"keep", true}});
    const Value total = b.emit("matmul", {q, sum}, {{"transpose_b", true}});  // [B,H,T,1]
    // An example of padding alone weighs nothing at all.
    o = b.emit("div", {o, plus(b, total, mask ? std::max(eps, 1e-18) : eps)});
  }
  return by_head(o);
}
}  // namespace cambium
