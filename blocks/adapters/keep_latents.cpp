// keep_latents: the trained tokens that came to the others last, alone. [B,T+n,C] -> [B,n,C]
#include "blocks/tokens.h"

namespace cambium::block_keep_latents {
namespace {
Stream build(Builder& b, const BlockUse&, Stream s) {
  return latents_alone(b, s);
}
}  // namespace

extern const Block block_keep_latents = {
    .name = "keep_latents",
    .family = "adapters",
    .doc =
        "Leaves only what `latents` or `class_token` put among the tokens last, wherever it stands",
    .formula = "y = [l_1 ... l_n] of [l_1 ... l_n, x_1 ... x_T]",
    .paper = "Burtsev et al. 2020, arXiv 2006.11527",
    .accepts = {Domain::kTokens},
    .looks_back_with = "drop_latents: answers are asked for at the tokens, not at trained ones",
    .build = build,
    .samples = {
        {"[{latents: 2}, {attention: 2}, keep_latents]", Domain::kTokens, {2, 3, 4}},
        {"[{latents: {count: 2, place: last}}, {attention: 1}, keep_latents]",
         Domain::kTokens,
         {2, 4, 3}},
        {"[{class_token: middle}, {linear: 3}, keep_latents]", Domain::kTokens, {1, 4, 2}}}};
}  // namespace cambium::block_keep_latents
