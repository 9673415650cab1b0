// transpose: a body that works along the tokens. [B,T,C] -> the body's [B,C,T] -> [B,C,T'] ->
// [B,T',C]: inside, the T tokens are the channels and the C channels the tokens, so that `linear`,
// `ffn`, `norm` or attention in it mix tokens channel by channel. A wrapper and not a linear layer
// of its own for tokens: whatever works on channels works along tokens, with its options, starts,
// sharing and counts, and the stream cannot be left lying on its side. Inside, $tokens is T.
//
// Its weights know one number of tokens and hear all of them: padded data is refused, and the judge
// of leaks refuses models of ordered data.
#include "blocks/domains.h"
#include "blocks/padding.h"

namespace cambium::block_transpose {
namespace {
Value turned(Builder& b, Value x) {
  return b.emit("transpose", {x}, {{"perm", std::vector<int64_t>{0, 2, 1}}});
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const Yaml* body = use.body("body");
  if (!body || (body->is_list() && body->items.empty()))
    throw UserError("has no body", "write transpose: [{ffn: 2}], or [{linear: $tokens}]");
  refuse_padding(s, "what stands along tokens knows one number of them",
                 "use attention or another block that leaves padding out, or data without padding");
  const int64_t tokens = s.shape()[1], channels = s.channels();
  Stream inside;
  inside.x = turned(b, s.x);
  inside.width_by = use.name;
  inside.width_mark = use.mark;
  Vars vars(&b.vars());
  vars.set("tokens", tokens);
  const Stream end = b.build_list(*body, inside, vars);
  if (end.domain != Domain::kTokens || end.shape()[1] != channels)
    throw UserError(str("the body ends with ", describe(end), ", and began with ", describe(inside),
                        ", a token for each of the C = ", channels, " channels"),
                    "keep the number of tokens in the body; its channels may change, they are the "
                    "tokens outside");
  s.x = turned(b, end.x);
  if (end.channels() == tokens) return s;
  s.rows = s.columns = 0;  // they lie in no grid, come from no graph, and none of them is trained
  s.edges = {};
  s.latents = nullptr;
  return s;
}
}  // namespace

extern const Block block_transpose = {
    .name = "transpose",
    .family = "structure",
    .doc =
        "Blocks that work along the tokens: inside, tokens and channels have changed places, so "
        "that `linear` has a weight for each pair of tokens; $tokens is their number, which is "
        "fixed",
    .formula = "y = body(x^T)^T; with linear: y[b,u,c] = sum_t W[t,u] x[b,t,c] + b[u]",
    .paper =
        "Tolstikhin et al. 2021, arXiv 2105.01601 (MLP-Mixer); Touvron et al. 2021, arXiv "
        "2105.03404 (ResMLP); Liu et al. 2021, arXiv 2105.08050 (gMLP)",
    .primary = "body",
    .bodies = {"body"},
    .variable = "tokens",
    .accepts = {Domain::kTokens},
    .looks_back_with =
        "attention: {causal: true}, causal_conv or mamba in its place: what works along tokens "
        "hears all of them",
    .build = build,
    .samples = {
        {"transpose: [{linear: 5}]", Domain::kTokens, {2, 3, 4}},
        {"transpose: [{linear: '${2 * tokens}'}, {activation: silu}, {linear: $tokens}]",
         Domain::kTokens,
         {1, 3, 2}},
        {"transpose: [{ffn: {width: 5, activation: gelu_erf}}]", Domain::kTokens, {2, 4, 3}},
        {"{residual: [{transpose: [{norm: layer}, {attention: 2}]}], norm: layer}",
         Domain::kTokens,
         {1, 4, 3}},
        {"[grid_to_tokens, {transpose: [{linear: 6}]}, tokens_to_grid]",
         Domain::kGrid,
         {2, 2, 3, 2}}}};
}  // namespace cambium::block_transpose
