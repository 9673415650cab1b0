// degree_embedding: adds to each node a learned vector of its number of neighbours. [N,C], kept
//   y_i = x_i + z[edges into i] (+ z'[edges out of i] with `directed`)
#include "blocks/layers.h"

namespace cambium::block_degree_embedding {
namespace {
struct DegreeEmbedding {
  int64_t most = 64;
  bool directed = false;
  double std = 0.02;
  static constexpr auto fields =
      std::tuple{field("most", &DegreeEmbedding::most, "larger degrees have the vector of this one")
                     .in(1, 65536),
                 field("directed", &DegreeEmbedding::directed,
                       "a second table, for the edges that leave a node"),
                 field("std", &DegreeEmbedding::std, "rows start as N(0, std)").in(0, 10)};
};

// [N,C]
Value vectors(Builder& b, const DegreeEmbedding& a, const Stream& s, std::string_view name,
              bool out) {
  const Value table = b.weight(
      name, {ParameterKind::kPosition, {a.most + 1, s.channels()}, {Init::kNormal, a.std}});
  const Value degrees = b.emit("node_degrees", {s.adjacency}, {{"out", out}, {"most", a.most}});
  return b.emit("embed", {table, degrees});
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<DegreeEmbedding>();
  s.x = b.emit("add", {s.x, vectors(b, a, s, "in", false)});
  if (a.directed) s.x = b.emit("add", {s.x, vectors(b, a, s, "out", true)});
  return s;
}
}  // namespace

extern const Block block_degree_embedding = {
    .name = "degree_embedding",
    .family = "gnn",
    .doc = "tells nodes how many neighbours they have, by a learned vector of that number",
    .formula = "y_i = x_i + z[degree of i]",
    .paper = "Ying et al. 2021, arXiv 2106.05234, section 3.1.1",
    .attrs = fields_of<DegreeEmbedding>,
    .primary = "most",
    .accepts = {Domain::kGraph},
    .keeps_shape = true,
    .build = build,
    .samples = {{"degree_embedding: 3", Domain::kGraph, {6, 4}},
                {"degree_embedding: {directed: true, most: 2, std: 0.5}", Domain::kGraph, {5, 2}}},
};
}  // namespace cambium::block_degree_embedding
