// Which pointwise ops share a loop.
#include "graph/run/chains.h"

#include <algorithm>
#include <map>
#include <set>

namespace cambium {
namespace {
constexpr size_t kLongest = 12;  // nodes of a chain: their blocks share the first cache level

bool dense_float(const ValueType& t) {
  return t.dtype == DType::kF32 || t.dtype == DType::kBf16;
}

struct Group {
  StepNodes nodes;
  int position;  // in the order, where it runs
  bool chain;    // its nodes are pointwise
  bool awaited;  // a node outside reads one of its values
};

class Former {
 public:
  Former(const Graph& g, std::span<const int> order) : graph_(g), group_of_(g.nodes().size(), -1) {
    for (const Update& u : g.updates) kept_.insert(u.value.node);
    for (size_t k = 0; k < order.size(); ++k) place(order[k], int(k));
  }

  std::vector<StepNodes> run() {
    std::ranges::sort(groups_, {}, &Group::position);
    std::vector<StepNodes> out;
    for (Group& g : groups_) {
      std::ranges::sort(g.nodes);
      out.push_back(std::move(g.nodes));
    }
    return out;
  }

 private:
  bool pointwise(int id) const {
    const Node& n = graph_.node(id);
    if (!n.op->range || n.scope.phase == Phase::kUpdate || kept_.contains(id)) return false;
    const ValueType& out = n.outputs[0];
    if (!dense_float(out) || out.shape.count() == 0) return false;
    return std::ranges::all_of(n.inputs, [&](Port p) {
      if (p.node < 0) return false;
      const ValueType& t = graph_.type(p);
      return dense_float(t) && (t.shape == out.shape || t.shape.count() == 1);
    });
  }

  // Whether node `id` can run in group `g` at the position `at`.
  bool ready(int id, int g, int at) const {
    return std::ranges::all_of(graph_.node(id).inputs, [&](Port p) {
      const int made_by = group_of_[size_t(viewed(graph_, p).node)];
      return made_by < 0 || made_by == g || groups_[size_t(made_by)].position < at;
    });
  }

  // The group that node `id`, next in the order at `now`, joins, or -1; that group may move.
  int group_for(int id, int now) {
    const Node& n = graph_.node(id);
    const int64_t count = n.outputs[0].shape.count();
    for (Port p : n.inputs) {
      const int g = group_of_[size_t(viewed(graph_, p).node)];
      if (g < 0) continue;
      Group& group = groups_[size_t(g)];
      const Node& first = graph_.node(group.nodes[0]);
      if (!group.chain || group.nodes.size() >= kLongest || first.scope.phase != n.scope.phase ||
          first.outputs[0].shape.count() != count)
        continue;
      if (ready(id, g, group.position)) return g;
      if (group.awaited) continue;
      group.position = now;
      return g;
    }
    return -1;
  }

  void place(int id, int now) {
    const bool chain = pointwise(id);
    int mine = chain ? group_for(id, now) : -1;
    if (mine >= 0) {
      groups_[size_t(mine)].nodes.push_back(id);
    } else {
      mine = int(groups_.size());
      groups_.push_back({{id}, now, chain, false});
    }
    group_of_[size_t(id)] = mine;
    for (Port p : graph_.node(id).inputs) {
      if (p.node < 0) continue;
      const int g = group_of_[size_t(viewed(graph_, p).node)];
      if (g >= 0 && g != mine) groups_[size_t(g)].awaited = true;
    }
  }

  const Graph& graph_;
  std::vector<int> group_of_;
  std::vector<Group> groups_;
  std::set<int> kept_;  // new values of states, which are written to places of their own
};
}  // namespace

std::vector<StepNodes> form_chains(const Graph& g, std::span<const int> order) {
  return Former(g, order).run();
}

Port viewed(const Graph& g, Port p) {
  while (p.node >= 0 && g.node(p.node).op && g.node(p.node).op->view) p = g.node(p.node).inputs[0];
  return p;
}

ChainPorts chain_ports(const Graph& g, const StepNodes& nodes,
                       const std::function<bool(int)>& is_read_later) {
  ChainPorts ports;
  for (int id : nodes) {
    for (Port p : g.node(id).inputs) {
      const Port base = viewed(g, p);
      if (std::ranges::find(nodes, base.node) == nodes.end() &&
          std::ranges::find(ports.in, base) == ports.in.end())
        ports.in.push_back(base);
    }
    if (is_read_later(id)) ports.out.push_back({id, 0});
  }
  return ports;
}
}  // namespace cambium
