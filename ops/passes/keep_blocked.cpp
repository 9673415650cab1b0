// keep_blocked: which images lie in blocks of 16 channels, and where they are copied.
#include <algorithm>
#include <set>

#include "ops/conv/support/blocked.h"
#include "ops/passes/passes.h"
#include "ops/support/pointwise.h"

namespace cambium {
namespace {
bool has_whole_blocks(const Shape& s) {
  return s.rank() == 4 && s[3] % kBlockChannels == 0;
}

// What the use says of images in blocks; pointwise ops of f32 and bf16 take either layout.
std::optional<BlockedUse> blocked_use(Graph& g, int id) {
  const Node& n = g.node(id);
  if (n.op && n.op->blocked) {
    const std::vector<Value> in = g.inputs_of(id), out = g.outputs_of(id);
    return n.op->blocked({in, n.attrs, out});
  }
  if (!is_plain_pointwise(g, n) || !has_whole_blocks(n.outputs[0].shape)) return std::nullopt;
  BlockedUse all{.attrs = n.attrs};
  for (size_t i = 0; i < n.inputs.size(); ++i) all.images.push_back(int(i));
  return all;
}

// As what emit_in_blocks ends in.
bool leaves_blocks(Value v) {
  return v.graph->node(v.node).op == &v.graph->op("unblock_channels");
}

Value into_blocks(Value v) {
  if (leaves_blocks(v)) return v.graph->value(v.graph->node(v.node).inputs[0]);
  return v.graph->emit("block_channels", {v});
}

std::vector<Value> emit_in_blocks(Graph& out, const Node& n, std::span<const Value> in,
                                  const BlockedUse& use) {
  std::vector<Value> operands(in.begin(), in.end());
  for (int i : use.images) operands[size_t(i)] = into_blocks(operands[size_t(i)]);
  std::vector<Value> results = out.outputs_of(out.emit(n.op->name, operands, use.attrs).node);
  if (use.result) results[0] = out.emit("unblock_channels", {results[0]});
  return results;
}
}  // namespace

Graph keep_blocked(const Graph& g) {
  std::vector<std::optional<BlockedUse>> uses;
  std::set<Port> copied;  // what is wanted in blocks in any case
  Graph asked = g.clone();
  for (int id = 0; id < int(g.nodes().size()); ++id) {
    uses.push_back(blocked_use(asked, id));
    if (!uses.back() || !uses.back()->wanted) continue;
    for (int i : uses.back()->images) copied.insert(g.node(id).inputs[size_t(i)]);
  }
  return rewrite(g,
                 [&](Graph& out, int id, const Node& n,
                     std::span<const Value> in) -> std::optional<std::vector<Value>> {
                   const std::optional<BlockedUse>& use = uses[size_t(id)];
                   if (copied.empty() || !use) return std::nullopt;
                   const auto there = std::ranges::count_if(
                       use->images, [&](int i) { return leaves_blocks(in[size_t(i)]); });
                   const auto extra = std::ranges::count_if(use->images, [&](int i) {
                     return !leaves_blocks(in[size_t(i)]) && !copied.contains(n.inputs[size_t(i)]);
                   });
                   const bool follows = there > 0 && extra <= there;  // no more copies than without
                   if (!follows && !use->wanted) return std::nullopt;
                   return emit_in_blocks(out, n, in, *use);
                 });
}
}  // namespace cambium
