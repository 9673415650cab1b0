// drop_latents: the tokens without the trained ones that came to them last. [B,T+n,C] -> [B,T,C]
// They remember their grid, graph and padding as before.
#include "blocks/tokens.h"

namespace cambium::block_drop_latents {
namespace {
Stream build(Builder& b, const BlockUse&, Stream s) {
  return without_latents(b, s);
}
}  // namespace

extern const Block block_drop_latents = {
    .name = "drop_latents",
    .family = "adapters",
    .doc =
        "Takes out what `latents` or `class_token` put among the tokens last; the others lie in "
        "their grid or graph again",
    .formula = "y = [x_1 ... x_T] of [l_1 ... l_n, x_1 ... x_T]",
    .paper = "Darcet et al. 2024, arXiv 2309.16588",
    .accepts = {Domain::kTokens},
    .looks_back_with =
        "blocks that hear earlier tokens alone between the trained tokens and this place, such as "
        "attention: {causal: true}",
    .build = build,
    .samples = {{"[{latents: 2}, {linear: 3}, drop_latents]", Domain::kTokens, {2, 3, 4}},
                {"[{latents: {count: 2, place: last}}, {attention: 1}, drop_latents]",
                 Domain::kTokens,
                 {2, 4, 3}},
                {"[grid_to_tokens, {class_token: middle}, {attention: 2}, drop_latents, "
                 "tokens_to_grid]",
                 Domain::kGrid,
                 {1, 2, 3, 2}}}};
}  // namespace cambium::block_drop_latents
