// init: how the weight matrices of the linear layers after it start, until its list ends. GPT-2
// uses N(0, 0.02), and 0.02 / sqrt(2 n_layers) for the projections that end a residual branch.
#include "blocks/block.h"

namespace cambium::block_init {
namespace {
struct InitBlock {
  double std = 0.02, residual_std = 0;
  static constexpr auto fields = std::tuple{
      field("std", &InitBlock::std, "standard deviation of linear weights; their biases start at 0")
          .in(1e-6, 10),
      field("residual_std", &InitBlock::residual_std,
            "of the projections that end attention and ffn; 0: like the others")
          .in(0, 10)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<InitBlock>();
  b.weight_start = {.std = a.std, .residual_std = a.residual_std};
  return s;
}
}  // namespace

extern const Block block_init = {
    .name = "init",
    .family = "structure",
    .doc = "Sets how the linear weights of the following blocks start, to the end of this list",
    .formula = "W ~ N(0, std)",
    .paper = "Radford et al. 2019 (GPT-2), section 2.3",
    .attrs = fields_of<InitBlock>,
    .primary = "std",
    .steps = true,
    .keeps_shape = true,
    .build = build,
    .samples = {{"{repeat: 1, body: [{init: 0.5}, {linear: 3}]}", Domain::kVector, {2, 4}}}};
}  // namespace cambium::block_init
