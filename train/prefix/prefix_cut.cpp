#include "train/prefix/prefix_cut.h"

#include <algorithm>

#include "data/dataset.h"
#include "graph/cost.h"

namespace cambium {
namespace {
// What each node is to the cut.
struct Marks {
  std::vector<bool> fixed;    // the same for an example whenever it comes
  std::vector<bool> of_data;  // depends on what the batch brings
  std::vector<bool> learnt;   // depends on a frozen parameter
};

bool brought(const Node& n) {
  if (n.role != Role::kInput) return false;
  return std::ranges::any_of(batch_inputs(), [&](const BatchInput& i) {
    return i.name == n.scope.path && i.tensor && i.kind != BatchInput::kAnswer;
  });
}

Marks marks_of(const Graph& g) {
  const size_t count = g.nodes().size();
  Marks m{std::vector<bool>(count), std::vector<bool>(count), std::vector<bool>(count)};
  std::vector<bool> moves(count);
  for (const Update& u : g.updates) moves[size_t(u.node)] = true;
  for (size_t id = 0; id < count; ++id) {
    const Node& n = g.nodes()[id];
    const bool dense = std::ranges::all_of(
        n.outputs, [](const ValueType& t) { return t.dtype != DType::kAdjacency; });
    if (!n.op) {
      const bool still = n.role == Role::kParameter ? n.parameter.frozen && !moves[id]
                         : n.role == Role::kState   ? n.copy_of.empty() && !moves[id]
                                                    : n.role == Role::kConstant || brought(n);
      m.fixed[id] = still && dense;
      m.of_data[id] = brought(n);
      m.learnt[id] = n.role == Role::kParameter;
      continue;
    }
    m.fixed[id] = dense && n.scope.phase == Phase::kForward && !n.op->batch_means;
    for (const Port p : n.inputs) {
      if (p.node < 0) continue;
      m.fixed[id] = m.fixed[id] && m.fixed[size_t(p.node)];
      m.of_data[id] = m.of_data[id] || m.of_data[size_t(p.node)];
      m.learnt[id] = m.learnt[id] || m.learnt[size_t(p.node)];
    }
  }
  return m;
}

// The nodes that outputs and updates need when nothing before `cut` is computed for its sake.
std::vector<bool> needed(const Graph& g, std::span<const Port> roots, Port cut) {
  std::vector<bool> need(g.nodes().size());
  const auto ask = [&](Port p) {
    if (p.node >= 0 && p != cut) need[size_t(p.node)] = true;
  };
  for (const Port p : roots) ask(p);
  for (size_t id = need.size(); id-- > 0;)
    if (need[id])
      for (const Port p : g.nodes()[id].inputs) ask(p);
  return need;
}

std::vector<Port> roots_of(const Graph& g) {
  std::vector<Port> roots;
  for (const Output& o : g.outputs) roots.push_back(o.port);
  for (const Update& u : g.updates) {
    roots.push_back(u.value);
    roots.push_back({u.node, 0});
  }
  return roots;
}

// Whether the rest would compute some of the prefix again, or look at the data itself.
bool leaks(const Graph& g, const Marks& m, const std::vector<bool>& need) {
  for (size_t id = 0; id < need.size(); ++id) {
    if (!need[id]) continue;
    const Node& n = g.nodes()[id];
    if (n.op ? m.fixed[id] && m.of_data[id] && m.learnt[id]
             : n.role == Role::kInput && n.scope.path == "x")
      return true;
  }
  return false;
}

// The needed nodes alone, with `cut` as the input `name` where there is one.
Graph part_of(const Graph& g, const std::vector<bool>& need, Port cut, const std::string& name) {
  Graph out(g.ops());
  std::vector<std::vector<Value>> now(g.nodes().size());
  Value features;
  for (size_t id = 0; id < need.size(); ++id) {
    if (cut.node == int(id) && !name.empty()) features = out.input(name, g.type(cut));
    if (!need[id]) continue;
    const Node& n = g.nodes()[id];
    std::vector<Value> in;
    for (const Port p : n.inputs)
      in.push_back(p.node < 0                  ? Value{}
                   : p == cut && !name.empty() ? features
                                               : now[size_t(p.node)][size_t(p.output)]);
    now[id] = out.outputs_of(out.copy(n, std::move(in)).node);
  }
  const auto port = [&](Port p) {
    return port_of(p == cut && !name.empty() ? features : now[size_t(p.node)][size_t(p.output)]);
  };
  if (name.empty()) {
    out.outputs = {{"features", port(cut)}};
    return out;
  }
  for (const Output& o : g.outputs) out.outputs.push_back({o.name, port(o.port)});
  for (const Update& u : g.updates) out.updates.push_back({port({u.node, 0}).node, port(u.value)});
  return out;
}
}  // namespace

std::optional<PrefixCut> find_prefix(const Graph& step, int64_t batch) {
  const Marks m = marks_of(step);
  const std::vector<Port> roots = roots_of(step);
  for (size_t id = step.nodes().size(); id-- > 0;) {
    const Node& n = step.nodes()[id];
    if (!n.op || !m.fixed[id] || !m.of_data[id] || !m.learnt[id]) continue;
    for (int k = 0; k < int(n.outputs.size()); ++k) {
      const ValueType& type = n.outputs[size_t(k)];
      if (type.shape.rank() == 0 || type.shape.count() == 0 || type.shape[0] % batch != 0) continue;
      const Port cut{int(id), k};
      const std::vector<bool> rest = needed(step, roots, cut);
      if (leaks(step, m, rest)) continue;
      PrefixCut out{part_of(step, needed(step, std::vector{cut}, {}), cut, ""),
                    part_of(step, rest, cut, "x"), type};
      out.flops = total_cost(out.prefix).flops();
      return out;
    }
  }
  return {};
}

std::vector<std::string> names_read(const Graph& g) {
  std::vector<std::string> names;
  for (const Node& n : g.nodes())
    if (n.role == Role::kParameter || n.role == Role::kState) names.push_back(n.scope.path);
  return names;
}
}  // namespace cambium
