// reverse: the tokens of each example from the last to the first; padding stays behind them.
// [B,T,C] -> [B,T,C]
#include "blocks/tokens.h"

namespace cambium::block_reverse {
namespace {
Stream build(Builder& b, const BlockUse&, Stream s) {
  return reversed(b, std::move(s));
}
}  // namespace

extern const Block block_reverse = {
    .name = "reverse",
    .family = "structure",
    .doc =
        "Tokens in reverse order, of each example its real ones; `bidirectional` puts what works "
        "so beside what works forward",
    .formula = "y[b,t] = x[b, L_b - 1 - t], L_b tokens are real",
    .paper = "Schuster and Paliwal 1997, doi 10.1109/78.650093",
    .accepts = {Domain::kTokens},
    .keeps_shape = true,
    .looks_back_with = "the tokens in their order: in reverse each stands behind those after it",
    .build = build,
    .samples = {
        {"reverse", Domain::kTokens, {2, 4, 3}},
        {"[reverse, {min_gru: 1}, reverse]", Domain::kTokens, {2, 3, 2}},
        {"[{latents: 2}, reverse, {linear: 2}, drop_latents]", Domain::kTokens, {1, 3, 4}}}};
}  // namespace cambium::block_reverse
