// store_narrow: results between convolutions, batch norm and pointwise ops in bf16.
#include <algorithm>

#include "ops/passes/passes.h"
#include "ops/support/bf16.h"
#include "ops/support/pointwise.h"

namespace cambium {
namespace {
// Of every node; a pointwise op takes and, with a cast in its chain, gives either.
struct Uses {
  std::vector<Bf16Use> of;
  std::vector<bool> pointwise;

  explicit Uses(Graph g) {
    for (int id = 0; id < int(g.nodes().size()); ++id) {
      const Node& n = g.node(id);
      pointwise.push_back(is_plain_pointwise(g, n));
      const std::vector<Value> in = g.inputs_of(id), out = g.outputs_of(id);
      of.push_back(n.op && n.op->bf16 ? n.op->bf16({in, n.attrs, out}) : Bf16Use{});
    }
  }

  bool can_write(size_t id) const { return pointwise[id] || of[id].writes; }

  bool reads(size_t id, size_t input) const {
    const std::vector<int>& known = of[id].reads;
    return pointwise[id] || std::ranges::find(known, int(input)) != known.end();
  }
};

struct Reads {
  int all = 0, wide = 0;  // wide: of those that need f32
  int alone = 0;          // by ops that are no chain: the value is in memory in any case
};

std::vector<Reads> reads_of(const Graph& g, const Uses& uses) {
  std::vector<Reads> reads(g.nodes().size());
  for (size_t id = 0; id < reads.size(); ++id) {
    const Node& n = g.node(int(id));
    for (size_t i = 0; i < n.inputs.size(); ++i) {
      const Port p = n.inputs[i];
      if (p.node < 0 || p.output != 0) continue;
      Reads& r = reads[size_t(p.node)];
      ++r.all;
      r.wide += !uses.reads(id, i);
      r.alone += n.op && !uses.pointwise[id];
    }
  }
  for (const Output& o : g.outputs) ++reads[size_t(o.port.node)].wide;
  for (const Update& u : g.updates) ++reads[size_t(u.value.node)].wide;
  return reads;
}

// By node: output 0 is read, and only by what reads bf16 as well. What only chains read stays wide:
// it may never reach memory.
std::vector<bool> narrow_values(const Graph& g, const Uses& uses) {
  const std::vector<Reads> reads = reads_of(g, uses);
  std::vector<bool> narrow(g.nodes().size());
  for (size_t id = 0; id < narrow.size(); ++id) {
    const Reads& r = reads[id];
    if (!g.node(int(id)).op || r.all == 0 || r.wide > 0 || !uses.can_write(id)) continue;
    narrow[id] = !uses.pointwise[id] || (r.alone > 0 && r.all > 1);
  }
  return narrow;
}
}  // namespace

Graph store_narrow(const Graph& g) {
  const Uses uses(g.clone());
  const std::vector<bool> narrow = narrow_values(g, uses);
  return rewrite(g,
                 [&](Graph& out, int id, const Node& n,
                     std::span<const Value> in) -> std::optional<std::vector<Value>> {
                   if (is_narrowing(n.op->name, n.attrs) && in[0].type().dtype == DType::kBf16)
                     return std::vector{in[0]};
                   if (!narrow[size_t(id)]) return std::nullopt;
                   ScopeGuard guard(out, n.scope);
                   if (uses.pointwise[size_t(id)])
                     return std::vector{cast_to_bf16(out.copy(n, {in.begin(), in.end()}))};
                   const Attrs& attrs = *uses.of[size_t(id)].writes;
                   return out.outputs_of(out.emit(n.op->name, {in.begin(), in.end()}, attrs).node);
                 });
}
}  // namespace cambium
