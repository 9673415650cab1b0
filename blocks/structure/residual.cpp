// residual: y = x + branch(norm(x)) (pre), norm(x + branch(x)) (post) or x + norm(branch(norm(x)))
// (sandwich). The stream keeps its shape.
//   layer_scale multiplies what the branch (and its outer norm) gives by a trained gamma [C];
//   drop_path leaves the branch out for whole examples, in training.
#include "blocks/compose/restore.h"
#include "blocks/domains.h"
#include "blocks/padding.h"

namespace cambium::block_residual {
namespace {
struct Residual {
  std::string norm = "none", place = "pre";
  double dropout = 0, layer_scale = 0, drop_path = 0;
  static constexpr auto fields = std::tuple{
      field(
          "norm", &Residual::norm,
          "normalise the branch's input (pre), the sum (post), or its input and output (sandwich)")
          .one_of(kNorms),
      field("place", &Residual::place, "where the norm stands").one_of("pre|post|sandwich"),
      field("dropout", &Residual::dropout, "drop elements of the branch's output").in(0, 0.99),
      field("layer_scale", &Residual::layer_scale,
            "start of a trained factor for each channel of the branch; 0: none")
          .in(0, 10),
      field("drop_path", &Residual::drop_path, "leave the branch out of this part of the examples")
          .in(0, 0.99)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Residual>();
  const Yaml* body = use.body("body");
  require(body, "has no branch");
  const auto norm = [&](Value x, std::string_view name) {
    if (a.norm == "none") return x;
    return b.in_scope(b.free_segment(name), [&] { return normalise_places(b, a.norm, x, s); });
  };
  const Restore inside(b.in_branch, b.in_branch || a.place != "post");
  Stream branch = s;
  if (a.place != "post") branch.x = norm(s.x, "norm");
  branch = b.build_list(*body, branch, b.vars());
  if (branch.domain != s.domain || branch.shape() != s.shape())
    throw UserError(
        str("the branch ends with ", describe(branch), ", the shortcut has ", describe(s)),
        branch.domain == s.domain
            ? str("end the branch with `linear: ", s.channels(), "`, and keep the number of places")
            : str("end the branch in the domain it began with"));
  const Stream both[] = {s, branch};
  Value f = branch.x;
  if (a.place == "sandwich") f = norm(f, "norm_out");
  f = drop_path(b, s, layer_scale(b, b.dropout(f, a.dropout), a.layer_scale), a.drop_path);
  const Value y = b.emit("add", {s.x, b.branch(f)});
  s.mask = joined_mask(b, both);
  if (branch.latents != s.latents) s.latents = nullptr;  // only what both remember alike
  if (!(branch.edges == s.edges)) s.edges = {};
  s.x = a.place == "post" ? norm(y, "norm") : y;
  return s;
}
}  // namespace

extern const Block block_residual = {
    .name = "residual",
    .family = "structure",
    .doc = "A shortcut around a list of blocks",
    .formula = "y = x + branch(norm(x)), norm(x + branch(x)) or x + norm(branch(norm(x)))",
    .paper =
        "He et al. 2016, arXiv 1512.03385; Xiong et al. 2020, arXiv 2002.04745 (place); Ding et "
        "al. 2021, "
        "arXiv 2105.13290 (sandwich); Touvron et al. 2021, arXiv 2103.17239 (layer_scale); Huang "
        "et al. "
        "2016, arXiv 1603.09382 (drop_path)",
    .attrs = fields_of<Residual>,
    .primary = "body",
    .bodies = {"body"},
    .accepts = {Domain::kTokens, Domain::kGrid, Domain::kGraph, Domain::kVector},
    .steps = true,
    .keeps_shape = true,
    .build = build,
    .samples = {
        {"residual: [{norm: rms}, {linear: 4}]", Domain::kTokens, {2, 3, 4}},
        {"residual: {body: [{linear: 6}, {linear: 4}], norm: layer, place: post}",
         Domain::kVector,
         {3, 4}},
        {"{residual: [{conv2d: 2}], norm: batch, dropout: 0.1}", Domain::kGrid, {2, 3, 3, 2}},
        {"{residual: [{linear: 4}], norm: layer, place: sandwich, layer_scale: 0.1, drop_path: "
         "0.5}",
         Domain::kTokens,
         {3, 2, 4}},
        {"{residual: [{gcn: }], norm: instance, drop_path: 0.5}", Domain::kGraph, {6, 4}},
        {"{residual: [{linear: 3}], drop_path: 0.4}", Domain::kVector, {5, 3}}}};
}  // namespace cambium::block_residual
