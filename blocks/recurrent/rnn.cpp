// rnn: layers of the simple recurrence. [B,T,C] -> [B,T,H], or 2 H when bidirectional
//   h_t = f(x_t Wi + bi + h_{t-1} Wh + bh), f tanh or relu, starting from zeros
// Two biases, as in PyTorch; a layer and direction has H (C + H + 2) parameters.
#include "blocks/recurrent/stack.h"

namespace cambium::block_rnn {
namespace {
struct RnnBlock : RecurrentStack {
  std::string activation = "tanh";
  static constexpr auto fields = std::tuple_cat(
      RecurrentStack::fields,
      std::tuple{field("activation", &RnnBlock::activation, "f").one_of("tanh|relu")});
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<RnnBlock>();
  return build_stack(b, a, std::move(s), 1, [&](Value x, const RecurrentParts& p, bool reverse) {
    const Value in = recurrent_input(b, x, p, both_biases(b, p));
    return walk_rnn(b, in, p.hidden_weight, a.activation, reverse);
  });
}
}  // namespace

extern const Block block_rnn = {
    .name = "rnn",
    .family = "recurrence",
    .doc = "The simple recurrence, in layers and in both directions if wanted",
    .formula = "h_t = f(x_t Wi + bi + h_{t-1} Wh + bh)",
    .paper = "Elman 1990, doi 10.1207/s15516709cog1402_1",
    .attrs = fields_of<RnnBlock>,
    .primary = "width",
    .accepts = {Domain::kTokens},
    .steps = true,
    .looks_back_with = "bidirectional: false",
    .build = build,
    .samples = {{"rnn: 3", Domain::kTokens, {2, 4, 5}},
                {"rnn: {layers: 2, bidirectional: true, dropout: 0.3}", Domain::kTokens, {1, 3, 2}},
                {"rnn: {width: 17, bias: false, activation: relu}", Domain::kTokens, {3, 2, 4}}}};
}  // namespace cambium::block_rnn
