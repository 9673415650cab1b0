#include "viz/model/domains.h"

#include <algorithm>
#include <array>

#include "viz/plot/text.h"

namespace cambium {
namespace {
bool any_adjacency(const Graph& g) {
  return std::ranges::any_of(g.nodes(), [](const Node& n) {
    return !n.outputs.empty() && n.outputs[0].dtype == DType::kAdjacency;
  });
}

Domain by_rank(const Shape& s, bool has_graph) {
  if (s.rank() >= 4) return Domain::kGrid;
  if (s.rank() == 3) return Domain::kTokens;
  return s.rank() == 2 && has_graph ? Domain::kGraph : Domain::kVector;
}

// Splitting heads keeps the domain; merging or making spatial axes changes it.
Domain reshaped(Domain from, const Shape& in, const Shape& out, bool has_graph) {
  const bool same_lead = in.rank() > 0 && out.rank() > 0 && in[0] == out[0];
  const bool same_last = in.last() == out.last();
  if (out.rank() == 4) {
    if (in.rank() == 3 && same_lead && in[1] == out[1]) return from;
    return same_last && from != Domain::kGrid ? Domain::kGrid : from;
  }
  if (out.rank() == 3) {
    if (in.rank() == 2 && same_lead) return from;
    return Domain::kTokens;
  }
  if (out.rank() != 2) return from;
  if (in.rank() == 2 || (in.rank() == 3 && from == Domain::kGraph)) return from;
  if (same_lead) return Domain::kVector;
  return has_graph && same_last ? Domain::kGraph : from;
}

Domain of_op(const Node& n, const ValueType& in, Domain from, bool has_graph) {
  switch (n.op->places) {
    case Places::kGrid:
      return Domain::kGrid;
    case Places::kTokens:
      return Domain::kTokens;
    case Places::kNodes:
      return Domain::kGraph;
    case Places::kAny:
      break;
  }
  if (n.outputs.empty()) return from;
  const Shape& out = n.outputs[0].shape;
  if (n.op->view) return reshaped(from, in.shape, out, has_graph);
  const bool reduced = out.rank() < in.shape.rank() && out.rank() <= 2;
  return reduced ? Domain::kVector : from;
}

// What a block that keeps its domain works in, where its operator alone looks like another.
Domain inside(const Block* block, Domain d, Domain from) {
  if (!block || !mixes_places(*block) || std::ranges::count(block->accepts, d)) return d;
  return std::ranges::count(block->accepts, from) ? from : block->accepts[0];
}
}  // namespace

std::vector<Domain> domains_of(const Graph& g, const std::vector<const Block*>& blocks) {
  const bool has_graph = any_adjacency(g);
  std::vector<Domain> domain(g.nodes().size(), Domain::kVector);
  for (int id = 0; id < int(g.nodes().size()); ++id) {
    const Node& n = g.node(id);
    if (n.outputs.empty()) continue;
    const ValueType& out = n.outputs[0];
    if (n.role == Role::kInput && out.dtype != DType::kAdjacency)
      domain[size_t(id)] = out.dtype == DType::kI32 ? Domain::kIds : by_rank(out.shape, has_graph);
    if (!n.op) continue;
    // The first input that carries data decides; weights and constants do not.
    const auto data = std::ranges::find_if(n.inputs, [&](Port p) {
      return p.node >= 0 && g.type(p).dtype != DType::kAdjacency &&
             (g.node(p.node).op || g.node(p.node).role == Role::kInput);
    });
    if (data == n.inputs.end()) {
      domain[size_t(id)] = by_rank(out.shape, has_graph);
      continue;
    }
    const Domain from = domain[size_t(data->node)];
    domain[size_t(id)] = inside(blocks.empty() ? nullptr : blocks[size_t(id)],
                                of_op(n, g.type(*data), from, has_graph), from);
  }
  return domain;
}

Tint tint_of(Domain d) {
  constexpr std::array tints = {Tint::kTokens, Tint::kTokens, Tint::kGrid, Tint::kGraph,
                                Tint::kVector};
  return tints[size_t(d)];
}

std::string crossing_text(Domain from, const Shape& in, Domain to, const Shape& out) {
  const auto side = [](Domain d, const Shape& s) -> std::string {
    if (d == Domain::kGrid && s.rank() == 4) return str(s[1], kTimes, s[2], " grid");
    if (d == Domain::kTokens && s.rank() >= 3) return str(s[1], " tokens");
    if (d == Domain::kGraph && s.rank() >= 2) return str(s[0], " nodes");
    return std::string(name_of(d));
  };
  return str(side(from, in), " ", kArrow, " ", side(to, out));
}
}  // namespace cambium
