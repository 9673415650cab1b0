// positions: adds a vector for each position to the tokens. [B,T,C] -> [B,T,C]
#include "blocks/steps.h"
#include "blocks/transformer/waves.h"

namespace cambium::block_positions {
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

// [T,C]: waves of the places.
Value waves(Builder& b, int64_t t, int64_t c, double base) {
  return b.table(DType::kF32, {t, c}, [&](Tensor& table) {
    const Waves waves(c, base);
    for (int64_t i = 0; i < t * c; ++i) table.f32()[size_t(i)] = waves.at(i / c, i % c);
  });
}

// [rows columns, C]: waves of the rows, then of the columns.
Value waves_2d(Builder& b, const Stream& s, double base) {
  const int64_t t = s.shape()[1], c = s.channels(), half = c / 2;
  if (s.rows * s.columns != t)
    throw OptionError("kind", "kind = sinusoidal_2d needs the tokens of a grid",
                      "use it between grid_to_tokens or patch_embed and a class_token, or kind: "
                      "sinusoidal");
  if (c % 2 != 0)
    throw OptionError("kind", str("kind = sinusoidal_2d needs an even C, got C = ", c), {}, c);
  return b.table(DType::kF32, {t, c}, [&](Tensor& table) {
    const Waves waves(half, base);
    for (int64_t i = 0; i < t * c; ++i) {
      const int64_t place = i / c, channel = i % c;
      table.f32()[size_t(i)] = channel < half ? waves.at(place / s.columns, channel)
                                              : waves.at(place % s.columns, channel - half);
    }
  });
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Positions>();
  const int64_t t = b.step ? b.step->context : s.shape()[1], c = s.channels();
  Value table;
  if (a.kind == "learned")
    table = b.weight("table", {ParameterKind::kPosition, {t, c}, {Init::kNormal, a.std}});
  else
    table = a.kind == "sinusoidal" ? waves(b, t, c, a.base) : waves_2d(b, s, a.base);
  const Value here = of_place(b, table);
  s.x = b.emit("add", {s.x, here});
  return s;
}
}  // namespace

extern const Block block_positions = {
    .name = "positions",
    .family = "structure",
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
}  // namespace cambium::block_positions
