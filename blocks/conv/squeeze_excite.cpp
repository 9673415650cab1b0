// squeeze_excite: weighs each channel by what the mean over an example's places says.
// [B,Y,X,C] or [B,T,C], kept
//   y = x gate(act(mean(x) W1 + b1) W2 + b2)
#include <cmath>

#include "blocks/conv/support.h"

namespace cambium::block_squeeze_excite {
namespace {
struct SqueezeExcite {
  double ratio = 0.25;
  int64_t hidden = 0;
  std::string activation = "relu", gate = "sigmoid";
  static constexpr auto fields = std::tuple{
      field("ratio", &SqueezeExcite::ratio, "inner width / C, rounded").in(0.001, 16),
      field("hidden", &SqueezeExcite::hidden, "inner width; 0: ratio * C").in(0, 1 << 20),
      field("activation", &SqueezeExcite::activation, "of the inner layer").one_of(kActivations),
      field("gate", &SqueezeExcite::gate, "of the factors").one_of("sigmoid|hard_sigmoid")};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<SqueezeExcite>();
  const int64_t hidden = std::max<int64_t>(1, std::llround(a.ratio * double(s.channels())));
  s.x = squeeze_and_excite(b, s, a.hidden ? a.hidden : hidden, a.activation, a.gate);
  return s;
}
}  // namespace

extern const Block block_squeeze_excite = {
    .name = "squeeze_excite",
    .family = "conv",
    .doc =
        "Weighs channels by a small network on their means over all places; looks at every token",
    .formula = "y = x sigmoid(act(mean(x) W1 + b1) W2 + b2)",
    .paper = "Hu et al. 2018, arXiv 1709.01507",
    .attrs = fields_of<SqueezeExcite>,
    .primary = "ratio",
    .accepts = {Domain::kGrid, Domain::kTokens},
    .keeps_shape = true,
    .looks_back_with = "a gate on each token by itself, such as ffn: {activation: swiglu}",
    .build = build,
    .samples = {{"squeeze_excite: 0.5", Domain::kGrid, {2, 3, 2, 4}},
                {"squeeze_excite: {hidden: 3, activation: silu, gate: hard_sigmoid}",
                 Domain::kTokens,
                 {2, 5, 4}},
                {"squeeze_excite", Domain::kGrid, {1, 1, 1, 1}}}};
}  // namespace cambium::block_squeeze_excite
