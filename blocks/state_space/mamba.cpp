// mamba: a gated state space layer whose step, input and output depend on the token.
// [B,T,C] -> [B,T,C], I = expand C
//   u = silu(conv(x Wx)), z = x Wz  [B,T,I];  (r, B, C) = u Wp with widths R, N, N
//   s = softplus(r Wr + b);  h_t = e^(s_t A) h_{t-1} + s_t B_t u_t;  y = ((C_t h_t + D u_t) *
//   silu(z)) Wo
// A = -e^log_a starts at -(1..N) for each channel, D at 1, s log-uniform in [dt_min, dt_max]. The
// convolution is depthwise and causal, with a bias. Parameters as in the authors' code:
//   2 C I + I (conv + 1) + I (R + 2 N) + (R + 1) I + I N + I + I C. Causal unless bidirectional:
// then a second convolution and scan, with parameters of their own under "backward", go from the
// last token to the first, and y is the sum of both; the projections serve both (Vision Mamba).
#include <cmath>

#include "blocks/linear_attention/starts.h"
#include "blocks/steps.h"
#include "blocks/tokens.h"

namespace cambium::block_mamba {
namespace {
struct Mamba {
  double expand = 2, dt_min = 1e-3, dt_max = 0.1;
  int64_t state = 16, conv = 4, dt_rank = 0;
  bool bias = false, bidirectional = false;
  static constexpr auto fields = std::tuple{
      field("state", &Mamba::state, "states N of each inner channel").in(1, 1024),
      field("expand", &Mamba::expand, "inner width / C").in(0.01, 64),
      field("conv", &Mamba::conv, "tokens the short convolution sees").in(1, 64),
      field("dt_rank", &Mamba::dt_rank,
            "width R that the step sizes come from; 0: C / 16, rounded up")
          .in(0, 65536),
      field("dt_min", &Mamba::dt_min, "the least step size at the start").in(1e-6, 1),
      field("dt_max", &Mamba::dt_max, "the largest step size at the start").in(1e-6, 10),
      field("bias", &Mamba::bias, "biases in the projections into and out of the layer"),
      field("bidirectional", &Mamba::bidirectional,
            "a second scan from the last token to the first, between the same projections")};
};

Value piece(Builder& b, Value x, int64_t begin, int64_t width) {
  return b.emit("slice", {x}, {{"begin", begin}, {"end", begin + width}});
}

// Convolution and scan of the tokens u [B,T,I], whose step sizes come from `rank` channels.
Value scan(Builder& b, const Mamba& a, const Stream& u, int64_t rank) {
  const int64_t inner = u.channels(), n = a.state;
  const Stream near =
      b.in_scope("conv", [&] { return depthwise(b, u, {.kernel = a.conv, .causal = true}); });
  const Value x = b.emit("silu", {near.x});                         // [B,T,I]
  const Value mixed = b.linear("project", x, rank + 2 * n, false);  // [B,T,R+2N]
  const Value step = b.linear("dt", piece(b, mixed, 0, rank), inner, false);
  const Value dt = b.emit("add", {step, step_bias(b, "dt_bias", inner, a.dt_min, a.dt_max)});
  const Value log_a = weight_from(b, "log_a", ParameterKind::kDynamics, {inner, n},
                                  [&](int64_t i) { return std::log(double(1 + i % n)); });
  const Value rates = b.emit("neg", {b.emit("exp", {log_a})});  // [I,N]
  const Value d = b.weight("d", Weight::scale(inner, 1));
  return scan_selectively(b, x, dt, rates, piece(b, mixed, rank, n), piece(b, mixed, rank + n, n),
                          d);
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Mamba>();
  if (a.dt_min > a.dt_max)
    throw OptionError("dt_min", str("dt_min = ", a.dt_min, " is above dt_max = ", a.dt_max),
                      str("use dt_min: ", a.dt_max, " or less"));
  const int64_t c = s.channels();
  const auto inner = std::max<int64_t>(1, std::llround(a.expand * double(c)));
  const int64_t rank = a.dt_rank > 0 ? a.dt_rank : (c + 15) / 16;
  Stream u = s;
  u.x = b.linear("in", s.x, inner, a.bias);
  u.rows = u.columns = 0;
  Value y = scan(b, a, u, rank);
  if (a.bidirectional) {
    require(!b.step, "bidirectional: a walk from the last token needs the whole sequence");
    const Value back = b.in_scope("backward", [&] { return scan(b, a, reversed(b, u), rank); });
    y = b.emit("add", {y, reversed(b, u, back)});
  }
  const Value gate = b.emit("silu", {b.linear("gate", s.x, inner, a.bias)});
  s.x = b.residual_linear("o", b.emit("mul", {y, gate}), c, a.bias);
  return s;
}
}  // namespace

extern const Block block_mamba = {
    .name = "mamba",
    .family = "state space",
    .doc = "A gated state space layer that chooses by the token what to keep (S6)",
    .formula = "h_t = e^(s_t A) h_{t-1} + s_t B_t u_t; y_t = ((C_t h_t + D u_t) * silu(z_t)) Wo",
    .paper = "Gu and Dao 2023, arXiv 2312.00752; Zhu et al. 2024, arXiv 2401.09417 (bidirectional)",
    .attrs = fields_of<Mamba>,
    .primary = "state",
    .accepts = {Domain::kTokens},
    .steps = true,
    .keeps_shape = true,
    .looks_back_with = "bidirectional: false",
    .no_width_rule =
        "Vankadara et al. 2024 (NeurIPS) show that those of other layers fail for state-space "
        "models",
    .build = build,
    .samples = {{"mamba: 4", Domain::kTokens, {2, 5, 3}},
                {"mamba: {state: 2, expand: 1.5, conv: 1, dt_rank: 3, bias: true}",
                 Domain::kTokens,
                 {1, 70, 2}},
                {"mamba: {state: 3, expand: 1, conv: 2}", Domain::kTokens, {2, 4, 17}},
                {"mamba: {state: 2, conv: 3, bidirectional: true}", Domain::kTokens, {2, 6, 3}}}};
}  // namespace cambium::block_mamba
