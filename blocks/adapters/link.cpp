// link: how likely two nodes are joined, for data that asks about pairs of nodes (input "pairs",
// i32 [P,2]). nodes [N,C] -> [P,2], logits of "no" and "yes": (0, s)
//   dot: s = <x_u, x_v> / sqrt(C) + b    bilinear: s = <x_u W, x_v> / sqrt(C) + b
// With dot and a symmetric bilinear form the order of a pair does not count.
#include <cmath>

#include "blocks/block.h"

namespace cambium::block_link {
namespace {
struct Link {
  std::string kind = "dot";
  static constexpr auto fields = std::tuple{
      field("kind", &Link::kind, "the product of the two nodes, or with a trainable matrix between")
          .one_of("dot|bilinear")};
};

// The nodes at one end of the pairs: [P,2,C] -> [P,C].
Value ends_of(Builder& b, Value ends, int64_t side) {
  const Shape& s = ends.shape();
  const Value one = b.emit("slice", {ends}, {{"axis", 1}, {"begin", side}, {"end", side + 1}});
  return b.emit("reshape", {one}, {{"shape", std::vector<int64_t>{s[0], s[2]}}});
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto id = b.graph.find(Role::kInput, "pairs");
  if (!id)
    throw UserError("the data does not ask about pairs of nodes",
                    "use data of links, such as planted_links, or end the model otherwise");
  const Value pairs = b.graph.value({*id, 0});
  const Value ends = b.emit("embed", {s.x, pairs});  // [P,2,C]
  const Value u = ends_of(b, ends, 0), v = ends_of(b, ends, 1);
  const int64_t c = s.channels();
  const bool bilinear = use.attrs.as<Link>().kind == "bilinear";
  const Value left = bilinear ? b.linear("form", u, c, false) : u;
  Value score = b.emit("reduce_sum", {b.emit("mul", {left, v})},
                       {{"axes", std::vector<int64_t>{1}}, {"keep", true}});  // [P,1]
  score = b.emit("scale", {score}, {{"a", b.score_scale(1 / std::sqrt(double(c)), c)}});
  score = b.emit("add", {score, b.weight("bias", Weight::bias(1))});
  Stream out;
  out.domain = Domain::kVector;
  out.x = b.emit("concat", {b.filled(score.shape(), 0), score}, {{"axis", -1}});
  return out;
}
}  // namespace

extern const Block block_link = {
    .name = "link",
    .family = "adapters",
    .doc = "Scores the pairs of nodes that the data asks about: are they joined?",
    .formula = "logits[p] = (0, <x_u (W), x_v> / sqrt(C) + b), (u, v) = pairs[p]",
    .paper = "Kipf and Welling 2016, Variational graph auto-encoders, arXiv 1611.07308 (dot)",
    .attrs = fields_of<Link>,
    .primary = "kind",
    .accepts = {Domain::kGraph},
    .build = build,
    .samples = {{"link: dot", Domain::kGraph, {5, 4}}, {"link: bilinear", Domain::kGraph, {4, 3}}}};
}  // namespace cambium::block_link
