// compute_again: clones of forward ops where the backward pass needs them. A clone has the op, the
// attributes and (through other clones) the inputs of its original, so it gives the same bits:
// dropout draws from its attributes and the step's number, and states are read, never written.
#include "graph/passes/recompute.h"

#include "graph/passes/passes.h"

namespace cambium {
namespace {
class Recomputer {
 public:
  Recomputer(const Graph& g, const std::set<Port>& dropped)
      : from_(g), dropped_(dropped), clones_(g.nodes().size(), -1), out_(g.ops()) {}

  Graph run() {
    for (const Node& n : from_.nodes()) {
      const bool later = n.op && !is_forward(n);
      std::vector<Value> in;
      for (Port p : n.inputs) in.push_back(later ? at_hand(p) : kept(p));
      kept_.push_back(out_.copy(n, std::move(in)).node);
    }
    for (const Output& o : from_.outputs) out_.outputs.push_back({o.name, port_of(kept(o.port))});
    for (const Update& u : from_.updates)
      out_.updates.push_back({kept_[size_t(u.node)], port_of(kept(u.value))});
    return std::move(out_);
  }

 private:
  Value kept(Port p) {
    return p.node < 0 ? Value{} : out_.value({kept_[size_t(p.node)], p.output});
  }

  Value at_hand(Port p) {
    return dropped_.contains(p) ? out_.value({clone_of(p.node), p.output}) : kept(p);
  }

  int clone_of(int id) {
    int& clone = clones_[size_t(id)];
    if (clone >= 0) return clone;
    Node n = from_.node(id);
    n.scope.phase = Phase::kBackward;
    std::vector<Value> in;
    for (Port p : n.inputs) in.push_back(at_hand(p));
    return clone = out_.copy(n, std::move(in)).node;
  }

  const Graph& from_;
  const std::set<Port>& dropped_;
  std::vector<int> kept_, clones_;  // node -> its copy, its clone
  Graph out_;
};
}  // namespace

ViewRoots::ViewRoots(const Graph& g) : views_(g.nodes().size()) {
  for (int id = 0; const Node& n : g.nodes()) {
    if (n.op && n.op->view) views_[size_t(id)] = of(n.inputs[0]);
    ++id;
  }
}

bool is_forward(const Node& n) {
  return n.op && n.scope.phase == Phase::kForward;
}

Graph compute_again(const Graph& g, const std::set<Port>& dropped) {
  return Recomputer(g, dropped).run();
}

int64_t kept_bytes(const Graph& g) {
  const ViewRoots roots(g);
  std::set<Port> kept;
  for (const Node& n : g.nodes()) {
    if (!n.op || n.op->view || is_forward(n)) continue;
    for (Port p : n.inputs)
      if (p.node >= 0 && is_forward(g.node(roots.of(p).node))) kept.insert(roots.of(p));
  }
  int64_t bytes = 0;
  for (Port p : kept) bytes += g.type(p).bytes();
  return bytes;
}
}  // namespace cambium
