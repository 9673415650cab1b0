// recompute_cheap: the fewest bytes to keep for the backward pass, as a minimum cut. A value is an
// edge of the weight of its bytes, from what it is made of to what reads it: cut, it is kept. What
// expensive ops make hangs on the source, what later phases read on the sink; inputs, parameters
// and constants are there anyway.
#include <map>

#include "graph/passes/min_cut.h"
#include "graph/passes/passes.h"
#include "graph/passes/recompute.h"

namespace cambium {
namespace {
class Network {
 public:
  explicit Network(const Graph& g) : g_(g), roots_(g) {
    for (const Output& o : g.outputs) outlives(o.port);
    for (const Update& u : g.updates) outlives(u.value);
    for (const Node& n : g.nodes())
      if (n.op && !n.op->view && n.scope.phase == Phase::kUpdate)
        for (Port p : n.inputs) outlives(p);
  }

  std::set<Port> dropped() {
    number_values();
    connect();
    const int source = int(2 * vertex_.size()), sink = source + 1;
    const std::vector<bool> late = sink_side(sink + 1, edges_, source, sink);
    std::set<Port> out;
    for (int id = 0; const Node& n : g_.nodes()) {
      for (int k = 0; is_forward(n) && k < int(n.outputs.size()); ++k) {
        const auto v = vertex_.find(roots_.of({id, k}));
        if (v != vertex_.end() && late[2 * size_t(v->second)]) out.insert({id, k});
      }
      ++id;
    }
    return out;
  }

 private:
  void outlives(Port p) { kept_.insert(roots_.of(p)); }

  // Every value that the step holds only for its own sake; 2 v and 2 v + 1 are the ends of its
  // edge.
  void number_values() {
    for (int id = 0; const Node& n : g_.nodes()) {
      for (int k = 0; is_forward(n) && !n.op->view && k < int(n.outputs.size()); ++k)
        if (!kept_.contains({id, k})) {
          const int v = int(vertex_.size());
          vertex_[{id, k}] = v;
          total_ += g_.type({id, k}).bytes();
        }
      ++id;
    }
  }

  void connect() {
    const int source = int(2 * vertex_.size()), sink = source + 1;
    const int64_t never = total_ + 1;
    for (const auto& [port, v] : vertex_) {
      edges_.push_back({2 * v, 2 * v + 1, g_.type(port).bytes()});
      const Node& n = g_.node(port.node);
      if (!is_cheap(n)) edges_.push_back({source, 2 * v, never});
      for (Port p : n.inputs) join(p, 2 * v, never);
    }
    for (const Node& n : g_.nodes())
      if (n.op && !n.op->view && n.scope.phase == Phase::kBackward)
        for (Port p : n.inputs) join(p, sink, never);
  }

  void join(Port from, int to, int64_t never) {
    const auto v = vertex_.find(roots_.of(from));
    if (v != vertex_.end()) edges_.push_back({2 * v->second + 1, to, never});
  }

  const Graph& g_;
  const ViewRoots roots_;
  std::set<Port> kept_;
  std::map<Port, int> vertex_;
  std::vector<CutEdge> edges_;
  int64_t total_ = 0;
};
}  // namespace

bool is_cheap(const Node& n) {
  return n.op && (n.op->range || n.op->cheap);
}

Graph recompute_cheap(const Graph& g) {
  return compute_again(g, Network(g).dropped());
}
}  // namespace cambium
