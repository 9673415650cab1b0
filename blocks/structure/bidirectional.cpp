// bidirectional: a body that looks back only, once over the tokens and once over them in reverse,
// whose results are brought back into the order of the tokens and joined. [B,T,C] -> [B,T,H], or
// 2 H where they stand side by side. In padded data the second copy begins at the last real token.
#include "blocks/domains.h"
#include "blocks/tokens.h"

namespace cambium::block_bidirectional {
namespace {
struct Bidirectional {
  std::string combine = "sum", weights = "own";
  static constexpr auto fields =
      std::tuple{field("combine", &Bidirectional::combine,
                       "how both results join; concat: side by side, twice the width")
                     .one_of("sum|mean|concat"),
                 field("weights", &Bidirectional::weights,
                       "whether each direction has its own, or both share one set")
                     .one_of("own|shared")};
};

void check(const Stream& end, const Stream& s) {
  const bool places = end.domain == Domain::kTokens && end.shape()[1] == s.shape()[1];
  if (!places)
    throw UserError(str("the body ends with ", describe(end), ", it began with ", describe(s),
                        ": a place of one direction must be that of the other"),
                    "put what changes the number of tokens before or behind it");
  if (end.mask != s.mask)
    throw UserError("the body changes the padding, and the directions would differ in it",
                    "put what changes the padding before or behind it");
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Bidirectional>();
  const Yaml* body = use.body("body");
  if (!body || (body->is_list() && body->items.empty()))
    throw UserError("has no body", "write bidirectional: [{mamba: 16}], or other blocks");
  const auto walk = [&](std::string_view name, const Stream& in) {
    Stream end;
    const auto build = [&] { end = b.build_list(*body, in, b.vars()); };
    if (a.weights == "shared")
      b.in_shared_scope(name, "both", build);
    else
      b.in_scope(name, build);
    check(end, in);
    return end;
  };
  Stream out = walk("forward", s);
  const Stream backward = walk("backward", reversed(b, s));
  const Value other = reversed(b, s, backward.x);
  if (a.combine == "concat") {
    out.x = b.emit("concat", {out.x, other});
    out.width_by = use.name;
    out.width_mark = use.mark;
    return out;
  }
  out.x = b.emit("add", {out.x, other});
  if (a.combine == "mean") out.x = b.emit("scale", {out.x}, {{"a", 0.5}});
  return out;
}
}  // namespace

extern const Block block_bidirectional = {
    .name = "bidirectional",
    .family = "structure",
    .doc =
        "Blocks that look back, in both directions: once over the tokens and once over them in "
        "reverse, with weights of their own or one set. What looks both ways already costs twice "
        "as much here and gains nothing",
    .formula = "y = f(x) + reverse(g(reverse(x))), half of it, or [f(x), reverse(g(reverse(x)))]",
    .paper =
        "Schuster and Paliwal 1997, doi 10.1109/78.650093; Zhu et al. 2024, arXiv 2401.09417; "
        "Schiff et al. 2024, arXiv 2403.03234 (shared)",
    .attrs = fields_of<Bidirectional>,
    .primary = "body",
    .bodies = {"body"},
    .accepts = {Domain::kTokens},
    .looks_back_with =
        "its body alone: the second copy hears the tokens from the last to the first",
    .build = build,
    .samples = {
        {"bidirectional: [{min_gru: 1}]", Domain::kTokens, {2, 4, 3}},
        {"{bidirectional: [{mamba: 2}], combine: concat, weights: shared}",
         Domain::kTokens,
         {2, 5, 2}},
        {"{bidirectional: [{norm: rms}, {gru: 2}], combine: mean}", Domain::kTokens, {1, 3, 4}},
        {"{bidirectional: [{delta_net: 1}], weights: shared}", Domain::kTokens, {2, 3, 4}}}};
}  // namespace cambium::block_bidirectional
