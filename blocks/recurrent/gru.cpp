// gru: layers of gated recurrent units. [B,T,C] -> [B,T,H], or 2 H when bidirectional
//   r, z = sigmoid of x_t Wi + bi + h_{t-1} Wh + bh;  n = tanh(x_t Wn + bn + r (h_{t-1} Un + cn))
//   h_t = (1 - z) n + z h_{t-1}, starting from zeros
// Gates stand in the order r, z, n with two biases, as in PyTorch; a layer and direction has
// 3 H (C + H + 2) parameters.
#include "blocks/recurrent/stack.h"

namespace cambium::block_gru {
namespace {
Stream build(Builder& b, const BlockUse& use, Stream s) {
  return build_stack(b, use.attrs.as<RecurrentStack>(), std::move(s), 3,
                     [&](Value x, const RecurrentParts& p, bool reverse) {
                       const Value in = recurrent_input(b, x, p, p.input_bias);
                       return walk_gru(b, in, p.hidden_weight, p.hidden_bias, reverse);
                     });
}
}  // namespace

extern const Block block_gru = {
    .name = "gru",
    .family = "recurrence",
    .doc = "Gated recurrent units, in layers and in both directions if wanted",
    .formula = "h_t = (1 - z) n + z h_{t-1}; n = tanh(x_t Wn + r (h_{t-1} Un))",
    .paper = "Cho et al. 2014, arXiv 1406.1078",
    .attrs = fields_of<RecurrentStack>,
    .primary = "width",
    .accepts = {Domain::kTokens},
    .steps = true,
    .looks_back_with = "bidirectional: false",
    .build = build,
    .samples = {{"gru: 3", Domain::kTokens, {2, 4, 5}},
                {"gru: {layers: 2, bidirectional: true, dropout: 0.3}", Domain::kTokens, {1, 3, 2}},
                {"gru: {width: 17, bias: false}", Domain::kTokens, {3, 2, 4}}}};
}  // namespace cambium::block_gru
