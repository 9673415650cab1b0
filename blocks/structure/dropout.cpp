// dropout: each element is zeroed with probability p, the rest scaled by 1 / (1 - p), in training.
#include "blocks/block.h"

namespace cambium::block_dropout {
namespace {
struct Dropout {
  double p = 0.1;
  static constexpr auto fields =
      std::tuple{field("p", &Dropout::p, "probability to drop an element").in(0, 0.99)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  s.x = b.dropout(s.x, use.attrs.as<Dropout>().p);
  return s;
}
}  // namespace

extern const Block block_dropout = {
    .name = "dropout",
    .family = "structure",
    .doc = "Zeroes random elements in training; the identity in evaluation",
    .formula = "y = x m / (1 - p), m ~ Bernoulli(1 - p)",
    .paper = "Srivastava et al. 2014, JMLR 15",
    .attrs = fields_of<Dropout>,
    .primary = "p",
    .accepts = {Domain::kTokens, Domain::kGrid, Domain::kGraph, Domain::kVector},
    .steps = true,
    .keeps_shape = true,
    .build = build,
    .samples = {{"dropout: 0.5", Domain::kTokens, {2, 3, 4}},
                {"dropout: 0", Domain::kVector, {3, 4}}}};
}  // namespace cambium::block_dropout
