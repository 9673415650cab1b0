// s4d: a diagonal state space of its own for each channel, as one long convolution.
// [B,T,C] -> [B,T,C], N = state / 2
//   K_l = 2 Re sum_n c_n (e^(dt A_n) - 1) / A_n e^(dt A_n l);  y = mix(gelu(conv(x, K) + D x))
// A_n starts at -1/2 + i pi n (S4D-Lin) or at (state / pi) (state / (2 n + 1) - 1) i - 1/2
// (S4D-Inv), c at random with E |c|^2 = 1, dt log-uniform in [dt_min, dt_max]. mix: a linear layer
// to 2 C and a gate (glu), a linear layer, or nothing. Always causal; O(T log T) by FFT;
// one token at a time as a recurrence of N complex states a channel.
#include <cmath>
#include <numbers>

#include "blocks/layers.h"
#include "blocks/linear_attention/starts.h"

namespace cambium::block_s4d {
namespace {
struct S4d {
  int64_t state = 64;
  std::string start = "lin", mix = "glu";
  double dt_min = 1e-3, dt_max = 0.1, dropout = 0;
  static constexpr auto fields = std::tuple{
      field("state", &S4d::state, "states of each channel, in conjugate pairs").in(2, 4096),
      field("start", &S4d::start, "where the frequencies start").one_of("lin|inv"),
      field("mix", &S4d::mix, "how channels are mixed behind the convolution")
          .one_of("glu|linear|none"),
      field("dt_min", &S4d::dt_min, "the least step size at the start").in(1e-6, 1),
      field("dt_max", &S4d::dt_max, "the largest step size at the start").in(1e-6, 10),
      field("dropout", &S4d::dropout, "before the mixing, in training").in(0, 0.99)};
};

void check(const S4d& a) {
  if (a.state % 2 != 0)
    throw OptionError("state", str("state = ", a.state, " is odd, states come in pairs"),
                      str("use state: ", a.state + 1));
  if (a.dt_min > a.dt_max)
    throw OptionError("dt_min", str("dt_min = ", a.dt_min, " is above dt_max = ", a.dt_max),
                      str("use dt_min: ", a.dt_max, " or less"));
}

// conv(x, K); in a step the recurrence behind K, whose complex states [B,C,N] are "re" and "im".
Value long_convolve(Builder& b, const S4d& a, Value x) {
  const int64_t c = x.shape().last();
  const int64_t n = a.state / 2;
  Random random(0, uint64_t(b.start_stream("log_dt")));
  const Value log_dt = weight_from(b, "log_dt", ParameterKind::kDynamics, {c}, [&](int64_t) {
    return std::log(a.dt_min) + random.uniform() * std::log(a.dt_max / a.dt_min);
  });
  const Value log_a =
      b.weight("log_a", {ParameterKind::kDynamics, {c, n}, {Init::kConstant, std::log(0.5)}});
  const Value imaginary =
      weight_from(b, "imaginary", ParameterKind::kDynamics, {c, n}, [&](int64_t i) {
        const auto k = double(i % n), all = double(a.state);
        if (a.start == "lin") return std::numbers::pi * k;
        return all / std::numbers::pi * (all / (2 * k + 1) - 1);
      });
  // From the states of each channel to its result.
  const Weight from_states = Weight::head_vectors(c, n, {Init::kNormal, std::sqrt(0.5)});
  const Value re = b.weight("c_re", from_states), im = b.weight("c_im", from_states);
  if (!b.step) {
    const Args length = {{"length", x.shape()[1]}};
    return b.emit("long_conv",
                  {x, b.emit("s4d_kernel", {log_dt, log_a, imaginary, re, im}, length)});
  }
  const ValueType state{DType::kF32, {x.shape()[0], c, n}};
  const Value h_re = b.state("re", state, {}), h_im = b.state("im", state, {});
  const Value y = b.emit("s4d_step", {log_dt, log_a, imaginary, re, im, x, h_re, h_im});
  b.update_state(h_re, y.nth(1));
  b.update_state(h_im, y.nth(2));
  return y;
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<S4d>();
  check(a);
  const int64_t c = s.channels();
  const Value heard = long_convolve(b, a, s.x);
  const Value d = b.weight("d", {ParameterKind::kScale, {c}, {Init::kNormal, 1}});
  const Value mixed = b.emit("add", {heard, b.emit("mul", {s.x, d})});
  Value y = b.dropout(b.emit("gelu", {mixed}), a.dropout);
  if (a.mix == "linear") y = b.residual_linear("o", y, c);
  if (a.mix == "glu") {
    const Value up = b.residual_linear("o", y, c);
    y = b.emit("mul", {up, b.emit("sigmoid", {b.linear("gate", y, c)})});
  }
  s.x = y;
  return s;
}
}  // namespace

extern const Block block_s4d = {
    .name = "s4d",
    .family = "state space",
    .doc = "A diagonal state space for each channel, as one convolution as long as the sequence",
    .formula =
        "y = mix(gelu(K * x + D x)), K_l = 2 Re sum_n c_n (e^(dt A_n) - 1) / A_n e^(dt A_n l)",
    .paper = "Gu et al. 2022, arXiv 2206.11893",
    .attrs = fields_of<S4d>,
    .primary = "state",
    .accepts = {Domain::kTokens},
    .steps = true,
    .keeps_shape = true,
    .no_width_rule = "none is published for learned filters of state-space models",
    .build = build,
    .samples = {
        {"s4d: 4", Domain::kTokens, {2, 5, 3}},
        {"s4d: {state: 6, start: inv, mix: linear, dropout: 0.2}", Domain::kTokens, {1, 70, 2}},
        {"s4d: {state: 2, mix: none}", Domain::kTokens, {3, 4, 5}}}};
}  // namespace cambium::block_s4d
