// appnp: predictions travel along the edges and come home with probability alpha: personalised
// PageRank. [N,C], kept; no parameters. It stands behind the layers that make the predictions.
//   z_0 = x;  z_(k+1) = (1 - alpha) D^-1/2 (A + I) D^-1/2 z_k + alpha x
#include "blocks/gnn/support.h"

namespace cambium::block_appnp {
namespace {
struct Appnp {
  int64_t steps = 10;
  double alpha = 0.1;

  static constexpr auto fields =
      std::tuple{field("steps", &Appnp::steps, "how often features travel").in(1, 100),
                 field("alpha", &Appnp::alpha, "part of x in every step").in(0, 1)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& o = use.attrs.as<Appnp>();
  const Value home = b.emit("scale", {s.x}, {{"a", o.alpha}});
  for (int64_t k = 0; k < o.steps; ++k) {
    const Value moved = propagate(b, s.adjacency, s.x, true);
    s.x = b.emit("add", {b.emit("scale", {moved}, {{"a", 1 - o.alpha}}), home});
  }
  return s;
}
}  // namespace

extern const Block block_appnp = {
    .name = "appnp",
    .family = "gnn",
    .doc = "features travel by personalised PageRank: many steps without parameters",
    .formula = "z_0 = x; z_(k+1) = (1 - alpha) D^-1/2 (A + I) D^-1/2 z_k + alpha x",
    .paper = "Gasteiger, Bojchevski and Guennemann 2019, arXiv 1810.05997, eq. 4",
    .attrs = fields_of<Appnp>,
    .primary = "steps",
    .accepts = {Domain::kGraph},
    .keeps_shape = true,
    .build = build,
    .samples = {{"appnp", Domain::kGraph, {6, 3}},
                {"appnp: {steps: 2, alpha: 0.5}", Domain::kGraph, {5, 1}}},
};
}  // namespace cambium::block_appnp
