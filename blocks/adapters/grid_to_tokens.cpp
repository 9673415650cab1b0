// grid_to_tokens: every place of a grid is a token. [B,Y,X,C] -> [B,Y*X,C], a view
#include "blocks/block.h"

namespace cambium::block_grid_to_tokens {
namespace {
Stream build(Builder& b, const BlockUse&, Stream s) {
  const Shape in = s.shape();
  s.rows = in[1];
  s.columns = in[2];
  s.x = b.emit("reshape", {s.x}, {{"shape", std::vector<int64_t>{in[0], in[1] * in[2], in[3]}}});
  s.domain = Domain::kTokens;
  return s;
}
}  // namespace

extern const Block block_grid_to_tokens = {
    .name = "grid_to_tokens",
    .family = "adapters",
    .doc = "Reads a grid row by row as tokens; costs nothing",
    .formula = "y[b, i X + j] = x[b,i,j]",
    .paper = "",
    .accepts = {Domain::kGrid},
    .build = build,
    .samples = {{"grid_to_tokens", Domain::kGrid, {2, 3, 4, 2}}}};
}  // namespace cambium::block_grid_to_tokens
