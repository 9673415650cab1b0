// positions: adds a vector for each position to the tokens. [B,T,C] -> [B,T,C]
#include <cmath>

#include "blocks/steps.h"

namespace cambium {
namespace {
struct Positions {
  std::string kind = "learned";
  double std = 0.02, base = 10000;
  static constexpr auto fields = std::tuple{
      field(
          "kind", &Positions::kind,
          "a trainable table, or fixed waves; sinusoidal_2d: half the channels tell the row, half "
          "the column of the grid that the tokens came from")
          .one_of("learned|sinusoidal|sinusoidal_2d"),
      field("std", &Positions::std, "learned: rows start as N(0, std)").in(0, 10),
      field("base", &Positions::base, "sinusoidal: the longest wave is 2 pi base positions").in(1)};
};

// Channel i of c for place t: sin(t / base^(2 (i/2) / c)) in even channels, cos in odd ones.
float wave(int64_t t, int64_t i, int64_t c, double base) {
  const double angle = double(t) / std::pow(base, double(i - i % 2) / double(c));
  return float(i % 2 ? std::cos(angle) : std::sin(angle));
}

// [T,C]: waves of the places.
std::shared_ptr<const Tensor> waves(int64_t t, int64_t c, double base) {
  auto table = std::make_shared<Tensor>(DType::kF32, Shape{t, c});
  for (int64_t i = 0; i < t * c; ++i) table->f32()[size_t(i)] = wave(i / c, i % c, c, base);
  return table;
}

// [rows columns, C]: waves of the rows, then of the columns.
std::shared_ptr<const Tensor> waves_2d(const Stream& s, double base) {
  const int64_t t = s.shape()[1], c = s.channels(), half = c / 2;
  if (s.rows * s.columns != t)
    throw UserError("kind = sinusoidal_2d needs the tokens of a grid",
                    "use it between grid_to_tokens or patch_embed and a class_token, or kind: "
                    "sinusoidal");
  require(c % 2 == 0, "kind = sinusoidal_2d needs an even C, got C = ", c);
  auto table = std::make_shared<Tensor>(DType::kF32, Shape{t, c});
  for (int64_t i = 0; i < t * c; ++i) {
    const int64_t place = i / c, channel = i % c;
    table->f32()[size_t(i)] = channel < half ? wave(place / s.columns, channel, half, base)
                                             : wave(place % s.columns, channel - half, half, base);
  }
  return table;
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Positions>();
  const int64_t t = b.step ? b.step->context : s.shape()[1], c = s.channels();
  Value table;
  if (a.kind == "learned")
    table = b.param("table", {t, c}, {Init::kNormal, a.std}, false);
  else
    table = b.graph.constant(a.kind == "sinusoidal" ? waves(t, c, a.base) : waves_2d(s, a.base));
  const Value here = of_place(b, table);
  s.x = b.emit("add", {s.x, here});
  return s;
}
}  // namespace

extern const Block block_positions = {
    .name = "positions",
    .family = "transformer",
    .doc = "Tells tokens where they stand; rotary positions are an option of attention instead",
    .formula = "y[b,t] = x[b,t] + p[t]",
    .paper =
        "Vaswani et al. 2017, arXiv 1706.03762, section 3.5; Chen et al. 2021, arXiv "
        "2104.02057 (sinusoidal_2d)",
    .attrs = fields_of<Positions>,
    .primary = "kind",
    .accepts = {Domain::kTokens},
    .steps = true,
    .keeps_shape = true,
    .build = build,
    .samples = {
        {"positions: learned", Domain::kTokens, {2, 3, 4}},
        {"positions: sinusoidal", Domain::kTokens, {1, 5, 3}},
        {"[{grid_to_tokens: {}}, {positions: sinusoidal_2d}]", Domain::kGrid, {2, 3, 2, 6}}}};
}  // namespace cambium
