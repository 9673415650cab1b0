// unpool: one vector of an example becomes its tokens, all equal. [B,C] -> [B,T,C]
#include "blocks/block.h"

namespace cambium::block_unpool {
namespace {
struct Unpool {
  int64_t tokens = 0;
  static constexpr auto fields =
      std::tuple{field("tokens", &Unpool::tokens, "T: how many copies").in(1, 1 << 24)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const int64_t tokens = use.attrs.as<Unpool>().tokens;
  require_option("tokens", tokens > 0, "tokens is missing");
  const int64_t batch = s.shape()[0], c = s.channels();
  const Value one = b.emit("reshape", {s.x}, {{"shape", std::vector<int64_t>{batch, 1, c}}});
  s.x = b.emit("broadcast_to", {one}, {{"shape", std::vector<int64_t>{batch, tokens, c}}});
  s.domain = Domain::kTokens;
  return s;
}
}  // namespace

extern const Block block_unpool = {
    .name = "unpool",
    .family = "adapters",
    .doc =
        "Turns one vector for each example into tokens that all hold it; `positions` after it "
        "tells them apart",
    .formula = "y[b,t] = x[b]",
    .attrs = fields_of<Unpool>,
    .primary = "tokens",
    .accepts = {Domain::kVector},
    .build = build,
    .samples = {{"unpool: 3", Domain::kVector, {2, 5}}, {"unpool: 1", Domain::kVector, {1, 1}}}};
}  // namespace cambium::block_unpool
