// positions: adds a vector for each position to the tokens. [B,T,C] -> [B,T,C]
#include <cmath>

#include "blocks/block.h"

namespace cambium {
namespace {
struct Positions {
  std::string kind = "learned";
  double std = 0.02, base = 10000;
  static constexpr auto fields = std::tuple{
      field("kind", &Positions::kind, "a trainable table, or fixed waves")
          .one_of("learned|sinusoidal"),
      field("std", &Positions::std, "learned: rows start as N(0, std)").in(0, 10),
      field("base", &Positions::base, "sinusoidal: the longest wave is 2 pi base positions").in(1)};
};

// [T,C]: sin(t / base^(2i/C)) in channel 2i, cos in channel 2i + 1.
std::shared_ptr<const Tensor> waves(int64_t t, int64_t c, double base) {
  auto table = std::make_shared<Tensor>(DType::kF32, Shape{t, c});
  for (int64_t i = 0; i < t * c; ++i) {
    const int64_t row = i / c, channel = i % c, even = channel - channel % 2;
    const double angle = double(row) / std::pow(base, double(even) / double(c));
    table->f32()[size_t(i)] = float(channel % 2 ? std::cos(angle) : std::sin(angle));
  }
  return table;
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Positions>();
  const int64_t t = b.step ? b.step->context : s.shape()[1], c = s.channels();
  const Value table = a.kind == "learned" ? b.param("table", {t, c}, {Init::kNormal, a.std}, false)
                                          : b.graph.constant(waves(t, c, a.base));
  const Value here = b.step ? b.emit("embed", {table, b.step->position}) : table;  // [1,1,C]
  s.x = b.emit("add", {s.x, here});
  return s;
}
}  // namespace

extern const Block block_positions = {
    .name = "positions",
    .family = "transformer",
    .doc = "Tells tokens where they stand; rotary positions are an option of attention instead",
    .formula = "y[b,t] = x[b,t] + p[t]",
    .paper = "Vaswani et al. 2017, arXiv 1706.03762, section 3.5",
    .attrs = fields_of<Positions>,
    .primary = "kind",
    .accepts = {Domain::kTokens},
    .steps = true,
    .keeps_shape = true,
    .build = build,
    .samples = {{"positions: learned", Domain::kTokens, {2, 3, 4}},
                {"positions: sinusoidal", Domain::kTokens, {1, 5, 3}}}};
}  // namespace cambium
