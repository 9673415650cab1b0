// linear_attention: attention whose weights are products of features, at a cost linear in T.
// [B,T,C] -> [B,T,C], D = C / heads
//   o_t = sum_s (phi(q_t) . phi(k_s)) v_s / sum_s phi(q_t) . phi(k_s);  y = o Wo
// causal: s <= t, through the state S_t = S_{t-1} + phi(k_t) v_t^T; else all s, as two products.
// phi: elu(x) + 1, relu(x), x, or taylor2: [1, x, x x^T / sqrt(2)] of x / D'^(1/4), so that
// phi(q) . phi(k) = 1 + s + s^2 / 2 with s = q . k / sqrt(D').
#include "blocks/linear_attention/heads.h"

namespace cambium::block_linear_attention {
namespace {
struct LinearAttentionBlock {
  int64_t heads = 1, feature_dim = 0;
  std::string feature_map = "elu1";
  bool causal = false, normalise = true, bias = true;
  double eps = 1e-6;
  static constexpr auto fields = std::tuple{
      field("heads", &LinearAttentionBlock::heads, "heads of width C / heads").in(1, 1024),
      field("feature_map", &LinearAttentionBlock::feature_map,
            "phi of queries and keys: elu(x) + 1, relu(x), x, or the exponential to second order")
          .one_of("elu1|relu|identity|taylor2"),
      field("feature_dim", &LinearAttentionBlock::feature_dim,
            "width of queries and keys per head; 0: C / heads, or 16 at most with taylor2")
          .in(0, 4096),
      field("causal", &LinearAttentionBlock::causal, "position t sees 0..t only"),
      field("normalise", &LinearAttentionBlock::normalise, "divide by the sum of the weights"),
      field("eps", &LinearAttentionBlock::eps, "added to the sum of the weights").in(0, 1),
      field("bias", &LinearAttentionBlock::bias, "biases in the four projections")};
};

constexpr int64_t kMostTaylor = 32;  // 1 + 32 + 32^2 features

int64_t checked_width(const LinearAttentionBlock& a, int64_t c) {
  require_heads(a.heads, c);
  const bool taylor = a.feature_map == "taylor2";
  if (a.feature_map == "identity" && a.normalise)
    throw OptionError("feature_map",
                      "feature_map = identity has weights of both signs, their sum may be zero",
                      "use normalise: false, or feature_map: elu1");
  if (taylor && a.feature_dim > kMostTaylor)
    throw OptionError(
        "feature_dim",
        str("feature_dim = ", a.feature_dim, " gives ",
            1 + a.feature_dim + a.feature_dim * a.feature_dim, " features with taylor2"),
        str("use feature_dim: 16, at most ", kMostTaylor));
  if (a.feature_dim > 0) return a.feature_dim;
  return taylor ? std::min<int64_t>(16, c / a.heads) : c / a.heads;
}

Value taylor_features(Builder& b, Value x) {
  const Shape s = x.shape();
  const int64_t d = s[3];
  const Value y = b.emit("scale", {x}, {{"a", std::pow(double(d), -0.25)}});
  const auto as = [&](std::vector<int64_t> to) { return b.emit("reshape", {y}, {{"shape", to}}); };
  const Value outer = b.emit("mul", {as({s[0], s[1], s[2], d, 1}), as({s[0], s[1], s[2], 1, d})});
  const Value flat =
      b.emit("reshape", {outer}, {{"shape", std::vector<int64_t>{s[0], s[1], s[2], d * d}}});
  const Value square = b.emit("scale", {flat}, {{"a", std::sqrt(0.5)}});
  return b.emit("concat", {b.filled(s.with_last(1), 1), y, square});
}

Value features(Builder& b, std::string_view kind, Value x) {
  if (kind == "elu1") return plus(b, b.emit("elu", {x}), 1);
  if (kind == "relu") return b.emit("relu", {x});
  return kind == "taylor2" ? taylor_features(b, x) : x;
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<LinearAttentionBlock>();
  const int64_t c = s.channels(), width = checked_width(a, c);
  require_base_width(b, c / a.heads, a.heads);
  const auto project = [&](std::string_view name, int64_t d) {
    return split_heads(b, b.linear(name, s.x, a.heads * d, a.bias), a.heads);
  };
  const Value q = features(b, a.feature_map, project("q", width));  // [B,T,H,F]
  const Value k = features(b, a.feature_map, project("k", width));
  const Value v = project("v", c / a.heads);  // [B,T,H,D]
  const Value o = linear_mix(b, q, k, v, padding_mask(s), a.causal, a.normalise, a.eps);
  s.x = b.residual_linear("o", merge_heads(b, o), c, a.bias);
  return s;
}
}  // namespace

extern const Block block_linear_attention = {
    .name = "linear_attention",
    .family = "linear attention",
    .doc = "Attention with products of features in place of the softmax, linear in the length",
    .formula = "y_t = (sum_s (phi(q_t) . phi(k_s)) v_s / sum_s phi(q_t) . phi(k_s)) Wo",
    .paper =
        "Katharopoulos et al. 2020, arXiv 2006.16236; Arora et al. 2024, arXiv 2402.18668 "
        "(taylor2)",
    .attrs = fields_of<LinearAttentionBlock>,
    .primary = "heads",
    .accepts = {Domain::kTokens},
    .steps = true,
    .keeps_shape = true,
    .looks_back_with = "causal: true",
    .build = build,
    .samples = {
        {"linear_attention: {heads: 2, causal: true}", Domain::kTokens, {2, 5, 6}},
        {"linear_attention: 3", Domain::kTokens, {1, 7, 6}},
        {"linear_attention: {causal: true, feature_map: identity, normalise: false, bias: false}",
         Domain::kTokens,
         {2, 3, 5}},
        {"linear_attention: {heads: 2, feature_map: taylor2, feature_dim: 3, causal: true}",
         Domain::kTokens,
         {1, 6, 4}},
        {"linear_attention: {feature_map: relu, eps: 0.5}", Domain::kTokens, {2, 4, 3}}}};
}  // namespace cambium::block_linear_attention
