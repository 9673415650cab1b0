// mamba2: a state space layer whose heads share one decay a step (SSD). [B,T,C] -> [B,T,C]
//   I = expand C, H = I / head_dim heads, G groups:  z = x Wz [I], (u, B, C) = silu(conv(x W))
//   with widths I, G N, G N;  s = softplus(x Wdt + c) [H],  a = e^(-s A)
//   S_t = a_t S_{t-1} + s_t B_t u_t^T;  y = norm((C_t S_t + D u_t) * silu(z)) Wo
// A starts uniform in [1,16), D at 1, s log-uniform in [dt_min, dt_max]. The convolution is
// depthwise and causal, with a bias. The norm is an RMS norm over all I channels. Always causal.
#include <cmath>
#include <numeric>

#include "blocks/layers.h"
#include "blocks/linear_attention/heads.h"
#include "blocks/linear_attention/starts.h"

namespace cambium::block_mamba2 {
namespace {
struct Mamba2 {
  double expand = 2, dt_min = 1e-3, dt_max = 0.1;
  int64_t state = 128, head_dim = 64, groups = 1, conv = 4;
  bool bias = false;
  static constexpr auto fields = std::tuple{
      field("state", &Mamba2::state, "rows N of each head's state").in(1, 4096),
      field("head_dim", &Mamba2::head_dim, "channels of a head").in(1, 4096),
      field("groups", &Mamba2::groups, "groups of heads that share B and C").in(1, 1024),
      field("expand", &Mamba2::expand, "inner width / C").in(0.01, 64),
      field("conv", &Mamba2::conv, "tokens the short convolution sees").in(1, 64),
      field("dt_min", &Mamba2::dt_min, "the least step size at the start").in(1e-6, 1),
      field("dt_max", &Mamba2::dt_max, "the largest step size at the start").in(1e-6, 10),
      field("bias", &Mamba2::bias, "biases in the projections into and out of the layer")};
};

int64_t checked_heads(const Mamba2& a, int64_t inner) {
  if (inner % a.head_dim != 0)
    throw OptionError("head_dim",
                      str("head_dim = ", a.head_dim, " does not divide the inner width ", inner),
                      str("use head_dim: ", std::gcd(a.head_dim, inner), ", or another expand"));
  const int64_t heads = inner / a.head_dim;
  if (heads % a.groups != 0)
    throw OptionError("groups",
                      str("groups = ", a.groups, " does not divide the ", heads, " heads"),
                      str("use groups: ", std::gcd(a.groups, heads)));
  if (a.dt_min > a.dt_max)
    throw OptionError("dt_min", str("dt_min = ", a.dt_min, " is above dt_max = ", a.dt_max),
                      str("use dt_min: ", a.dt_max, " or less"));
  return heads;
}

Value piece(Builder& b, Value x, int64_t begin, int64_t width) {
  return b.emit("slice", {x}, {{"begin", begin}, {"end", begin + width}});
}

// v [B,T,H,P] times one number a head: [B,T,H] or [H].
Value times_heads(Builder& b, Value v, Value by_head) {
  const Shape& s = by_head.shape();
  std::vector<int64_t> to(s.dims().begin(), s.dims().end());
  to.push_back(1);
  return b.emit("mul", {v, b.emit("reshape", {by_head}, {{"shape", to}})});
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Mamba2>();
  const int64_t c = s.channels(), keys = a.groups * a.state;
  const auto inner = std::max<int64_t>(1, std::llround(a.expand * double(c)));
  const int64_t heads = checked_heads(a, inner);
  Stream u = s;
  u.x = b.linear("in", s.x, inner + 2 * keys, a.bias);
  u.rows = u.columns = 0;
  u = b.in_scope("conv", [&] { return depthwise(b, u, {.kernel = a.conv, .causal = true}); });
  const Value mixed = b.emit("silu", {u.x});  // [B,T,I+2GN]
  const Value v = split_heads(b, piece(b, mixed, 0, inner), heads);
  const Value k = split_heads(b, piece(b, mixed, inner, keys), a.groups);
  const Value q = split_heads(b, piece(b, mixed, inner + keys, keys), a.groups);
  const Value raw = b.linear("dt", s.x, heads, false);
  const Value step = b.emit(
      "softplus", {b.emit("add", {raw, step_bias(b, "dt_bias", heads, a.dt_min, a.dt_max)})});
  Random random(0, uint64_t(b.start_stream("log_a")));
  const Value log_a = weight_from(b, "log_a", ParameterKind::kDynamics, {heads},
                                  [&](int64_t) { return std::log(1 + 15 * random.uniform()); });
  const Value decay = b.emit("neg", {b.emit("mul", {step, b.emit("exp", {log_a})})});  // [B,T,H]
  const Value o = attend_linearly(b, q, k, times_heads(b, v, step), decay, {});
  const Value d = b.weight("d", Weight::scale(heads, 1));
  const Value y = merge_heads(b, b.emit("add", {o, times_heads(b, v, d)}));
  const Value gate = b.emit("silu", {b.linear("gate", s.x, inner, a.bias)});
  const Value gated = b.emit("mul", {y, gate});
  const Value normed = b.in_scope("norm", [&] { return normalise(b, "rms", gated); });
  s.x = b.residual_linear("o", normed, c, a.bias);
  return s;
}
}  // namespace

extern const Block block_mamba2 = {
    .name = "mamba2",
    .family = "state space",
    .doc = "A state space layer with one decay a head and step, as linear attention (SSD)",
    .formula = "S_t = a_t S_{t-1} + s_t B_t u_t^T; y_t = norm((C_t S_t + D u_t) * silu(z_t)) Wo",
    .paper = "Dao and Gu 2024, arXiv 2405.21060",
    .attrs = fields_of<Mamba2>,
    .primary = "state",
    .accepts = {Domain::kTokens},
    .steps = true,
    .keeps_shape = true,
    .no_width_rule =
        "Vankadara et al. 2024 (NeurIPS) show that those of other layers fail for state-space "
        "models",
    .build = build,
    .samples = {
        {"mamba2: {state: 3, head_dim: 2}", Domain::kTokens, {2, 5, 3}},
        {"mamba2: {state: 2, head_dim: 3, groups: 2, conv: 2, bias: true}",
         Domain::kTokens,
         {1, 6, 6}},
        {"mamba2: {state: 5, head_dim: 4, expand: 1, conv: 1}", Domain::kTokens, {2, 4, 4}}}};
}  // namespace cambium::block_mamba2
