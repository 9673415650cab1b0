// flatten: all numbers of an example as one vector. [B,...] -> [B,rest], a view
#include "blocks/padding.h"

namespace cambium::block_flatten {
namespace {
Stream build(Builder& b, const BlockUse&, Stream s) {
  const int64_t batch = s.domain == Domain::kGraph ? s.batch : s.shape()[0];
  require(batch > 0, "the batch is empty");
  refuse_padding(s, "a vector of all its places holds the padding too", "use pool: mean");
  Stream out;
  out.domain = Domain::kVector;
  out.x =
      b.emit("reshape", {s.x}, {{"shape", std::vector<int64_t>{batch, s.shape().count() / batch}}});
  return out;
}
}  // namespace

extern const Block block_flatten = {
    .name = "flatten",
    .family = "adapters",
    .doc = "Puts all places and channels of an example into one vector; costs nothing",
    .formula = "y[b] = x[b] as one row",
    .paper = "",
    .accepts = {Domain::kTokens, Domain::kGrid, Domain::kGraph},
    .looks_back_with = "the tokens as they are: an answer is asked for at each of them",
    .build = build,
    .samples = {{"flatten", Domain::kGrid, {2, 3, 2, 4}},
                {"flatten", Domain::kTokens, {2, 3, 4}},
                {"flatten", Domain::kGraph, {6, 3}}}};
}  // namespace cambium::block_flatten
