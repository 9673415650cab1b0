// gated_linear_attention: linear attention whose state forgets each channel of the keys at a rate
// that depends on the token (GLA). [B,T,C] -> [B,T,C]
//   q, k = x Wq, x Wk [B,T,H,D] with H D = expand_k C;  v, g = x Wv, x Wg [B,T,H,E], H E = expand_v
//   C a_t = sigmoid(x W1 W2 + b)^(1/tau);  S_t = diag(a_t) S_{t-1} + k_t v_t^T y = (norm(S_t^T q_t
//   / sqrt(D)) * silu(g)) Wo
// The norm is an RMS norm of each head with one gamma [E]. Always causal.
#include "blocks/linear_attention/heads.h"

namespace cambium::block_gated_linear_attention {
namespace {
struct GatedLinearAttention {
  int64_t heads = 4, gate_rank = 16;
  double expand_k = 0.5, expand_v = 1, tau = 16;
  bool bias = false;
  static constexpr auto fields = std::tuple{
      field("heads", &GatedLinearAttention::heads, "heads").in(1, 1024),
      field("expand_k", &GatedLinearAttention::expand_k, "width of queries and keys / C")
          .in(0.01, 16),
      field("expand_v", &GatedLinearAttention::expand_v, "width of values / C").in(0.01, 16),
      field("gate_rank", &GatedLinearAttention::gate_rank, "inner width of the gate's two layers")
          .in(1, 65536),
      field("tau", &GatedLinearAttention::tau, "the larger, the slower the state forgets")
          .in(0.01, 1e6),
      field("bias", &GatedLinearAttention::bias, "biases in q, k, v, g and the output")};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<GatedLinearAttention>();
  const int64_t c = s.channels();
  const auto keys = std::max<int64_t>(1, std::llround(a.expand_k * double(c)));
  const auto values = std::max<int64_t>(1, std::llround(a.expand_v * double(c)));
  require_heads(a.heads, keys, "expand_k * C");
  require_heads(a.heads, values, "expand_v * C");
  const auto project = [&](std::string_view name, int64_t width) {
    return split_heads(b, b.linear(name, s.x, width, a.bias), a.heads);
  };
  const Value q = project("q", keys), k = project("k", keys), v = project("v", values);
  const Value low = b.linear("gate_down", s.x, a.gate_rank, false);
  const Value gate = b.linear("gate_up", low, keys);  // [B,T,H D]
  // log sigmoid(x) = -softplus(-x)
  const Value soft = b.emit("softplus", {b.emit("neg", {gate})});
  const Value decay = split_heads(b, b.emit("scale", {soft}, {{"a", -1 / a.tau}}), a.heads);
  const int64_t d = keys / a.heads;
  require_base_width(b, d, a.heads);
  const Value o = attend_linearly(b, q, k, v, decay, {.scale = 1 / std::sqrt(double(d))});
  const Value normed = b.in_scope("norm", [&] { return normalise(b, "rms", o); });
  const Value open = b.emit("silu", {b.linear("g", s.x, values, a.bias)});
  s.x = b.residual_linear("o", b.emit("mul", {merge_heads(b, normed), open}), c, a.bias);
  return s;
}
}  // namespace

extern const Block block_gated_linear_attention = {
    .name = "gated_linear_attention",
    .family = "linear attention",
    .doc = "Linear attention that forgets each channel of the keys as the token says",
    .formula = "S_t = diag(a_t) S_{t-1} + k_t v_t^T; y_t = (norm(S_t^T q_t) * silu(g_t)) Wo",
    .paper = "Yang et al. 2023, arXiv 2312.06635",
    .attrs = fields_of<GatedLinearAttention>,
    .primary = "heads",
    .accepts = {Domain::kTokens},
    .steps = true,
    .keeps_shape = true,
    .build = build,
    .samples = {
        {"gated_linear_attention: 2", Domain::kTokens, {2, 5, 8}},
        {"gated_linear_attention: {heads: 1, gate_rank: 3, expand_k: 1, expand_v: 2, bias: true}",
         Domain::kTokens,
         {1, 7, 5}},
        {"gated_linear_attention: {heads: 3, gate_rank: 2, tau: 1, expand_k: 1}",
         Domain::kTokens,
         {2, 3, 6}}}};
}  // namespace cambium::block_gated_linear_attention
