// residual: y = x + branch(norm(x)) (pre) or norm(x + branch(x)) (post). The stream keeps its
// shape.
#include "blocks/domains.h"
#include "blocks/layers.h"

namespace cambium {
namespace {
struct Residual {
  std::string norm = "none", place = "pre";
  double dropout = 0;
  static constexpr auto fields = std::tuple{
      field("norm", &Residual::norm, "normalise the branch's input (pre) or the sum (post)")
          .one_of(kNorms),
      field("place", &Residual::place, "where the norm stands").one_of("pre|post"),
      field("dropout", &Residual::dropout, "drop elements of the branch's output").in(0, 0.99)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Residual>();
  const Yaml* body = use.body("body");
  require(body, "has no branch");
  const auto norm = [&](Value x) {
    if (a.norm == "none") return x;
    return b.in_scope("norm", [&] { return normalise(b, a.norm, x); });
  };
  Stream branch = s;
  if (a.place == "pre") branch.x = norm(s.x);
  branch = b.build_list(*body, branch, b.vars());
  if (branch.domain != s.domain || branch.shape() != s.shape())
    throw UserError(
        str("the branch ends with ", describe(branch), ", the shortcut has ", describe(s)),
        branch.domain == s.domain
            ? str("end the branch with `linear: ", s.channels(), "`, and keep the number of places")
            : str("end the branch in the domain it began with"));
  const Value y = b.emit("add", {s.x, b.dropout(branch.x, a.dropout)});
  s.x = a.place == "post" ? norm(y) : y;
  return s;
}
}  // namespace

extern const Block block_residual = {
    .name = "residual",
    .family = "structure",
    .doc = "A shortcut around a list of blocks",
    .formula = "y = x + branch(norm(x)) or norm(x + branch(x))",
    .paper = "He et al. 2016, arXiv 1512.03385; Xiong et al. 2020, arXiv 2002.04745 (place)",
    .attrs = fields_of<Residual>,
    .primary = "body",
    .bodies = {"body"},
    .accepts = {Domain::kTokens, Domain::kGrid, Domain::kGraph, Domain::kVector},
    .keeps_shape = true,
    .build = build,
    .samples = {
        {"residual: [{norm: rms}, {linear: 4}]", Domain::kTokens, {2, 3, 4}},
        {"residual: {body: [{linear: 6}, {linear: 4}], norm: layer, place: post}",
         Domain::kVector,
         {3, 4}},
        {"{residual: [{conv2d: 2}], norm: batch, dropout: 0.1}", Domain::kGrid, {2, 3, 3, 2}}}};
}  // namespace cambium
