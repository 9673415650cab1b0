// graph_to_tokens: the nodes of each graph become its tokens, which hear nobody through edges but
// remember them: `tokens_to_graph: original` lays them on again.
#include "blocks/block.h"

namespace cambium::block_graph_to_tokens {
namespace {
Stream build(Builder& b, const BlockUse&, Stream s) {
  const int64_t nodes = s.shape()[0];
  require(s.batch > 0 && nodes % s.batch == 0, "tokens need graphs of one size, got ", nodes,
          " nodes in ", s.batch, " graphs");
  s.domain = Domain::kTokens;
  s.x = b.emit("reshape", {s.x},
               {{"shape", std::vector<int64_t>{s.batch, nodes / s.batch, s.channels()}}});
  s.edges = s.adjacency;
  s.adjacency = {};
  s.batch = 0;
  return s;
}
}  // namespace

extern const Block block_graph_to_tokens = {
    .name = "graph_to_tokens",
    .family = "adapters",
    .doc = "nodes [N,C] of B equal graphs -> tokens [B,N/B,C]; a view, nothing is copied",
    .formula = "y[b,t] = x[b N/B + t]",
    .accepts = {Domain::kGraph},
    .build = build,
    .samples = {{"graph_to_tokens", Domain::kGraph, {6, 4}},
                {"graph_to_tokens", Domain::kGraph, {4, 1}}},
};
}  // namespace cambium::block_graph_to_tokens
