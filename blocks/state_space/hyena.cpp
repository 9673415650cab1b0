// hyena: long convolutions whose filters are a function of the distance, between gates.
// [B,T,C] -> [B,T,C]
//   v, x_1 ... x_order = conv(x W) (depthwise, causal, `conv` wide);  for i = order ... 2:
//   v = filter_i * (v x_i) + D_i v x_i;   y = (v x_1) Wo
//   filter(t) = mlp(t / L, cos, sin of bands) e^(-t / L d_c): sine layers, then a window whose
//   decays d_c run from slow to fast over the channels, falling to 1 % after 150 % and 30 % of the
//   length.
// The sines are sin(w (h W + b)) with one trainable w for all layers, from `frequency` on. L is
// `length`, or T. Always causal; O(T log T) by FFT. One token at a time, each long convolution
// keeps what it saw and its filter as far as it is known in caches [B,T,C] and [1,T,C], and a token
// costs a pass over both.
#include <cmath>
#include <numbers>

#include "blocks/padding.h"
#include "blocks/steps.h"

namespace cambium::block_hyena {
namespace {
struct Hyena {
  int64_t order = 2, filter_width = 64, filter_layers = 2, bands = 1, conv = 3, length = 0;
  double frequency = 10;
  static constexpr auto fields = std::tuple{
      field("order", &Hyena::order, "gates; one long convolution less").in(2, 8),
      field("filter_width", &Hyena::filter_width, "width of the network that makes the filters")
          .in(1, 4096),
      field("filter_layers", &Hyena::filter_layers, "its inner layers").in(0, 16),
      field("bands", &Hyena::bands, "frequencies of position it sees, each as sine and cosine")
          .in(1, 256),
      field("frequency", &Hyena::frequency, "where the factor inside the sines starts")
          .in(0.001, 1000),
      field("conv", &Hyena::conv, "tokens the short convolution sees").in(1, 64),
      field("length", &Hyena::length,
            "tokens that count as the whole length; 0: those of the input")
          .in(0)};
};

// [T, 1 + 2 bands]: t / (L - 1), cosines and minus sines, as in the authors' code.
Value positions(Builder& b, const Hyena& a, int64_t t, int64_t length) {
  const int64_t width = 1 + 2 * a.bands;
  return b.table(DType::kF32, {t, width}, [&](Tensor& out) {
    for (int64_t i = 0; i < t; ++i) {
      float* row = out.f32().data() + i * width;
      row[0] = float(double(i) / double(std::max<int64_t>(1, length - 1)));
      for (int64_t k = 0; k < a.bands; ++k) {
        const double f =
            a.bands == 1 ? 1e-4
                         : 1e-4 + (double(a.bands - 1) - 1e-4) * double(k) / double(a.bands - 1);
        const double angle = 2 * std::numbers::pi * f * double(i) / double(length);
        row[1 + k] = float(std::cos(angle));
        row[1 + a.bands + k] = float(-std::sin(angle));
      }
    }
  });
}

// [T,C]: e^(-t / (L - 1) d_c)
Value window(Builder& b, int64_t t, int64_t c, int64_t length) {
  const double slow = -std::log(0.01) / 1.5, fast = -std::log(0.01) / 0.3;
  return b.table(DType::kF32, {t, c}, [&](Tensor& out) {
    for (int64_t i = 0; i < t * c; ++i) {
      const int64_t row = i / c;
      const double share = double(i % c) / double(std::max<int64_t>(1, c - 1));
      const double place = double(row) / double(std::max<int64_t>(1, length - 1));
      out.f32()[size_t(i)] = float(std::exp(-place * (slow + (fast - slow) * share)));
    }
  });
}

// The filters of all long convolutions side by side: [T, (order - 1) C], before the window.
Value implicit_filters(Builder& b, const Hyena& a, int64_t t, int64_t c, int64_t length) {
  const Value w = b.weight(
      "frequency", {ParameterKind::kDynamics, {a.filter_width}, {Init::kConstant, a.frequency}});
  const auto sine = [&](std::string_view name, Value x) {
    return b.emit("sin", {b.emit("mul", {b.linear(name, x, a.filter_width), w})});
  };
  Value h = sine("in", of_place(b, positions(b, a, t, length)));
  for (int64_t i = 0; i < a.filter_layers; ++i) h = sine(str("inner", i), h);
  return b.linear("out", h, (a.order - 1) * c, false);
}

// v and the filter f of convolution i, both of all places or of this token alone.
Value long_convolve(Builder& b, int64_t i, Value v, Value f) {
  if (!b.step) return b.emit("long_conv", {v, f});
  const Value past = remember(b, str("past", i), v), filter = remember(b, str("filter", i), f);
  return b.emit("long_conv_step", {past, filter, b.step->position});
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Hyena>();
  const int64_t t = b.step ? b.step->context : s.shape()[1], c = s.channels();
  const int64_t length = a.length > 0 ? a.length : t;
  if (a.length == 0)
    refuse_padding(s, "length = 0 makes the filters a matter of how far it is padded",
                   str("use length: ", t, " or more"));
  if (t > length)
    throw OptionError("length",
                      str("length = ", length, " is below the ", t, " tokens that came in"),
                      str("use length: ", t, " or more, or 0"));
  Stream u = s;
  u.x = b.linear("in", s.x, (a.order + 1) * c);
  u.rows = u.columns = 0;
  u = b.in_scope("conv", [&] { return depthwise(b, u, {.kernel = a.conv, .causal = true}); });
  const auto piece = [&](Value x, int64_t i) {
    return b.emit("slice", {x}, {{"begin", i * c}, {"end", (i + 1) * c}});
  };
  const Value filters = b.in_scope("filter", [&] { return implicit_filters(b, a, t, c, length); });
  const Value decay = of_place(b, window(b, t, c, length));
  Value v = piece(u.x, a.order);
  for (int64_t i = a.order - 1; i >= 1; --i) {
    v = b.emit("mul", {v, piece(u.x, i)});
    const Value f = b.emit("mul", {piece(filters, i - 1), decay});
    const Value d = b.weight(str("d", i), {ParameterKind::kScale, {c}, {Init::kNormal, 1}});
    v = b.emit("add", {long_convolve(b, i, v, f), b.emit("mul", {v, d})});
  }
  s.x = b.residual_linear("o", b.emit("mul", {v, piece(u.x, 0)}), c);
  return s;
}
}  // namespace

extern const Block block_hyena = {
    .name = "hyena",
    .family = "state space",
    .doc = "Long convolutions with implicit filters, between elementwise gates",
    .formula = "v = filter_i * (v x_i) + D_i v x_i, i = order .. 2; y = (v x_1) Wo",
    .paper = "Poli et al. 2023, arXiv 2302.10866",
    .attrs = fields_of<Hyena>,
    .primary = "order",
    .accepts = {Domain::kTokens},
    .steps = true,
    .keeps_shape = true,
    .no_width_rule = "none is published for filters that a network makes",
    .build = build,
    .samples = {{"hyena: {filter_width: 4, frequency: 1}", Domain::kTokens, {2, 5, 3}},
                {"hyena: {order: 3, filter_width: 3, filter_layers: 1, bands: 2, frequency: 2}",
                 Domain::kTokens,
                 {1, 6, 2}},
                {"hyena: {filter_width: 5, filter_layers: 0, conv: 1, length: 9, frequency: 1}",
                 Domain::kTokens,
                 {3, 4, 4}}}};
}  // namespace cambium::block_hyena
