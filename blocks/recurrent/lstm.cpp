// lstm: layers of long short-term memory. [B,T,C] -> [B,T,H], or 2 H when bidirectional
//   i, f, g, o = sigmoid, sigmoid, tanh, sigmoid of x_t Wi + bi + h_{t-1} Wh + bh
//   c_t = f c_{t-1} + i g;  h_t = o tanh(c_t), starting from zeros
// Gates stand in the order i, f, g, o with two biases, as in PyTorch; a layer and direction has
// 4 H (C + H + 2) parameters.
#include "blocks/recurrent/stack.h"

namespace cambium::block_lstm {
namespace {
Stream build(Builder& b, const BlockUse& use, Stream s) {
  return build_stack(b, use.attrs.as<RecurrentStack>(), std::move(s), 4,
                     [&](Value x, const RecurrentParts& p, bool reverse) {
                       const Value in = recurrent_input(b, x, p, both_biases(b, p));
                       return walk_lstm(b, in, p.hidden_weight, reverse);
                     });
}
}  // namespace

extern const Block block_lstm = {
    .name = "lstm",
    .family = "recurrence",
    .doc = "Long short-term memory, in layers and in both directions if wanted",
    .formula = "c_t = f c_{t-1} + i g; h_t = o tanh(c_t)",
    .paper = "Hochreiter and Schmidhuber 1997, doi 10.1162/neco.1997.9.8.1735",
    .attrs = fields_of<RecurrentStack>,
    .primary = "width",
    .accepts = {Domain::kTokens},
    .steps = true,
    .looks_back_with = "bidirectional: false",
    .build = build,
    .samples = {
        {"lstm: 3", Domain::kTokens, {2, 4, 5}},
        {"lstm: {layers: 2, bidirectional: true, dropout: 0.3}", Domain::kTokens, {1, 3, 2}},
        {"lstm: {width: 17, bias: false}", Domain::kTokens, {3, 2, 4}}}};
}  // namespace cambium::block_lstm
