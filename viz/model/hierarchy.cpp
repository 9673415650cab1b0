#include "viz/model/hierarchy.h"

#include <algorithm>

#include "graph/cost.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
bool is_forward_op(const Node& n) {
  return n.op && n.scope.phase == Phase::kForward;
}

// Ops all of whose uses end in updates of states: running statistics, counters.
std::vector<bool> find_bookkeeping(const Graph& g) {
  const size_t n = g.nodes().size();
  std::vector<bool> used(n, false), real(n, false), updates(n, false);
  for (const Update& u : g.updates) updates[size_t(u.value.node)] = true;
  for (const Output& o : g.outputs) real[size_t(o.port.node)] = true;
  std::vector<bool> out(n, false);
  for (size_t id = n; id-- > 0;) {
    const Node& node = g.nodes()[id];
    out[id] = is_forward_op(node) && !real[id] && (used[id] || updates[id]);
    if (!is_forward_op(node)) continue;
    for (Port p : node.inputs) {
      if (p.node < 0) continue;
      used[size_t(p.node)] = true;
      if (!out[id]) real[size_t(p.node)] = true;
    }
  }
  return out;
}

// The few facts a reader wants beside the operator's name.
std::string detail_of(Graph& g, int id) {
  const Node& n = g.node(id);
  const std::vector<Value> in = g.inputs_of(id), outputs = g.outputs_of(id);
  std::string out = n.op->detail ? n.op->detail({in, n.attrs, outputs}) : "";
  if (const auto a = n.attrs.find("activation"); a && a->text() != "none")
    out += (out.empty() ? "" : ", ") + a->text();
  return out;
}

struct HierarchyBuilder {
  Hierarchy h;
  const PictureOptions& options;
  std::map<std::string, int, std::less<>> scopes;
  std::vector<Domain> domains;
  std::vector<bool> counted;  // parameters that an earlier op has counted

  int add(int parent, Branch b) {
    b.box.parent = parent;
    const int id = int(h.branches.size());
    h.branches.push_back(std::move(b));
    if (parent >= 0) h.at(parent).children.push_back(id);
    return id;
  }

  int scope(std::string_view path) {
    if (path.empty()) return 0;
    if (const auto it = scopes.find(path); it != scopes.end()) return it->second;
    const size_t dot = path.rfind('.');
    const bool top = dot == std::string_view::npos;
    const int parent = scope(top ? "" : path.substr(0, dot));
    Branch b;
    b.box.path = path;
    b.box.label = top ? path : path.substr(dot + 1);
    return scopes[std::string(path)] = add(parent, std::move(b));
  }

  // What enters a block: behind the hidden views that the block itself makes of it.
  Port outside_source(Port p, std::string_view path) const {
    const Graph& g = h.graph;
    const auto is_own_view = [&](const Node& n) {
      return n.op && !n.inputs.empty() && n.inputs[0].node >= 0 && path.starts_with(n.scope.path);
    };
    while (h.leaf_of[size_t(p.node)] < 0 && is_own_view(g.node(p.node)))
      p = g.node(p.node).inputs[0];
    return p;
  }

  void add_op(int id) {
    const Graph& g = h.graph;
    const Node& n = g.node(id);
    Branch b;
    b.box = {.kind = BoxKind::kOp,
             .path = str(n.scope.path, "/", n.op->name, "@", id),
             .label = std::string(n.op->name),
             .op = std::string(n.op->name),
             .detail = detail_of(const_cast<Graph&>(g), id),
             .attrs = n.attrs.text(),
             .tint = n.op->moves ? Tint::kReorder : tint_of(domains[size_t(id)]),
             .flops = cost_of(g, id).flops,
             .out = n.outputs.empty() ? ValueType{} : n.outputs[0],
             .mark = n.scope.mark};
    for (Port p : n.inputs)
      if (p.node >= 0 && g.node(p.node).role == Role::kParameter && !counted[size_t(p.node)]) {
        counted[size_t(p.node)] = true;
        b.box.parameters += g.type(p).shape.count();
        if (g.node(p.node).parameter.frozen) b.box.frozen += g.type(p).shape.count();
      }
    b.nodes = {id};
    b.to = b.from = domains[size_t(id)];
    for (Port p : n.inputs) {
      if (p.node < 0 || !(g.node(p.node).op || g.node(p.node).role == Role::kInput)) continue;
      if (g.type(p).dtype == DType::kAdjacency) continue;
      const Port source = outside_source(p, n.scope.path);
      b.from = domains[size_t(source.node)];
      b.in_shape = g.type(source).shape;
      b.fed = true;
      break;
    }
    h.leaf_of[size_t(id)] = add(scope(n.scope.path), std::move(b));
  }

  void add_input(int id) {
    const Node& n = h.graph.node(id);
    Branch b;
    b.box = {
        .kind = BoxKind::kInput, .path = str(n.scope.path, "/input@", id), .out = n.outputs[0]};
    b.box.label = n.role == Role::kConstant ? "adjacency" : n.scope.path;
    b.nodes = {id};
    h.leaf_of[size_t(id)] = add(0, std::move(b));
  }

  // All states of one scope share a box.
  void add_state(int id) {
    const Node& n = h.graph.node(id);
    const size_t dot = n.scope.path.rfind('.');
    const std::string path = dot == std::string::npos ? "" : n.scope.path.substr(0, dot);
    const std::string name = dot == std::string::npos ? n.scope.path : n.scope.path.substr(dot + 1);
    for (int child : h.at(scope(path)).children)
      if (h.at(child).box.kind == BoxKind::kState) {
        h.at(child).box.label += ", " + name;
        h.at(child).nodes.push_back(id);
        h.leaf_of[size_t(id)] = child;
        return;
      }
    Branch b;
    b.box = {.kind = BoxKind::kState,
             .path = str(path, "/state@", id),
             .label = name,
             .out = n.outputs[0]};
    b.nodes = {id};
    h.leaf_of[size_t(id)] = add(scope(path), std::move(b));
  }
};

// A hidden view that ends in another domain is the last thing its source does.
void absorb_view(HierarchyBuilder& b, int id) {
  Hierarchy& h = b.h;
  const Port source = shown_source(h, {id, 0});
  if (source.node < 0 || h.leaf_of[size_t(source.node)] < 0) return;
  Branch& leaf = h.at(h.leaf_of[size_t(source.node)]);
  if (leaf.to == b.domains[size_t(id)] || leaf.box.kind != BoxKind::kOp) return;
  if (h.graph.node(source.node).scope.path != h.graph.node(id).scope.path) return;
  leaf.to = b.domains[size_t(id)];
  leaf.box.out = h.graph.node(id).outputs[0];
}

// A view stays visible when it is all its scope does: then it is the block.
std::vector<bool> find_hidden_views(const Graph& g) {
  std::map<std::string, int> work;
  for (const Node& n : g.nodes())
    if (is_forward_op(n) && !n.op->view) ++work[n.scope.path];
  std::vector<bool> hidden;
  for (const Node& n : g.nodes())
    hidden.push_back(is_forward_op(n) && n.op->view && work[n.scope.path] > 0);
  return hidden;
}

// Sums, domains and adapter marks of the scopes, children before parents.
void summarise(Hierarchy& h, int id) {
  Branch& b = h.at(id);
  if (b.children.empty()) {
    b.crosses = b.from != b.to && b.from != Domain::kIds;
    return;
  }
  bool first = true, inner = false;
  for (int child : b.children) {
    summarise(h, child);
    const Branch& c = h.at(child);
    b.box.parameters += c.box.parameters;
    b.box.frozen += c.box.frozen;
    b.box.flops += c.box.flops;
    if (c.box.kind != BoxKind::kOp && c.box.kind != BoxKind::kBlock) continue;
    if (first && c.fed) {
      b.fed = true;
      b.from = c.from;
      b.in_shape = c.in_shape;
      b.box.mark = c.box.mark;
      first = false;
    }
    b.to = c.to;
    b.box.out = c.box.out;
    inner |= c.box.kind == BoxKind::kBlock && (c.crosses || c.box.tint == Tint::kAdapter);
  }
  b.crosses = id != 0 && !inner && b.from != b.to && b.from != Domain::kIds;
  b.box.tint = b.crosses ? Tint::kAdapter : tint_of(b.to);
  if (b.crosses) b.box.detail = crossing_text(b.from, b.in_shape, b.to, b.box.out.shape);
}
}  // namespace

Port shown_source(const Hierarchy& h, Port p) {
  while (p.node >= 0 && h.leaf_of[size_t(p.node)] < 0 && h.graph.node(p.node).op) {
    const std::vector<Port>& in = h.graph.node(p.node).inputs;
    p = in.empty() ? Port{} : in[0];
  }
  return p;
}

Hierarchy build_hierarchy(const Graph& g, const PictureOptions& options) {
  const std::vector<bool> hidden = find_hidden_views(g);
  HierarchyBuilder b{
      {g, {}, std::vector<int>(g.nodes().size(), -1), find_bookkeeping(g)},
      options,
      {},
      domains_of(g, options.spec ? blocks_of(g, *options.spec) : std::vector<const Block*>()),
      std::vector<bool>(g.nodes().size(), false)};
  b.add(-1, {});
  std::vector<bool> used(g.nodes().size(), false);  // by forward ops, or updated
  for (const Node& n : g.nodes())
    if (is_forward_op(n))
      for (Port p : n.inputs)
        if (p.node >= 0) used[size_t(p.node)] = true;
  for (int id = 0; id < int(g.nodes().size()); ++id) {
    const Node& n = g.node(id);
    const bool adjacency = !n.outputs.empty() && n.outputs[0].dtype == DType::kAdjacency;
    if (!used[size_t(id)] && !n.op) continue;
    if (n.role == Role::kInput && n.outputs[0].dtype != DType::kI64) b.add_input(id);
    if (n.role == Role::kConstant && adjacency) b.add_input(id);
    if (n.role == Role::kState) b.add_state(id);
    if (!is_forward_op(n) || b.h.bookkeeping[size_t(id)]) continue;
    if (options.views || !hidden[size_t(id)])
      b.add_op(id);
    else
      absorb_view(b, id);
  }
  summarise(b.h, 0);
  return std::move(b.h);
}
}  // namespace cambium
