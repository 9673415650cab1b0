#include "graph/run/buffers.h"

#include <algorithm>
#include <map>

namespace cambium {
namespace {
class Assigner {
 public:
  Assigner(Plan& plan, std::span<const StepNodes> steps)
      : plan_(plan), graph_(plan.graph), steps_(steps), step_of_(graph_.nodes().size(), -1) {
    for (size_t s = 0; s < steps.size(); ++s)
      for (int id : steps[s]) step_of_[size_t(id)] = int(s);
    result_.buffer_of.resize(graph_.nodes().size());
  }

  BufferPlan run() {
    find_last_reads();
    for (int id = 0; const Node& n : graph_.nodes()) {
      if (!n.op) add_leaf(id, n);
      if (n.op && n.op->view) add_view(id, n);
      ++id;
      // Ops that run are placed below, in execution order; views of them follow on demand.
    }
    for (const StepNodes& nodes : steps_) nodes.size() == 1 ? add_op(nodes[0]) : add_chain(nodes);
    finish();
    return std::move(result_);
  }

 private:
  // The step after which a port is never read; ports of views count for what they view.
  void find_last_reads() {
    const int never = -1, end = int(steps_.size());
    last_read_.resize(graph_.nodes().size());
    for (size_t id = 0; id < last_read_.size(); ++id)
      last_read_[id].assign(graph_.node(int(id)).outputs.size(), never);
    const auto raise = [&](Port p, int step) {
      if (p.node < 0) return;
      int& last = last_read_[size_t(p.node)][size_t(p.output)];
      last = std::max(last, step);
    };
    for (const Output& o : graph_.outputs) raise(o.port, end);
    for (const Update& u : graph_.updates) {
      raise(u.value, end);
      update_of_[u.value].push_back(u.node);
    }
    for (int id = int(graph_.nodes().size()) - 1; id >= 0; --id) {
      const Node& n = graph_.node(id);
      if (!n.op) continue;
      for (Port p : n.inputs)
        raise(p, n.op->view ? last_read_[size_t(id)][0] : step_of_[size_t(id)]);
    }
  }

  int add_buffer(Slot::Where where, int index, const ValueType& type) {
    result_.buffers.push_back({where, index, type.bytes()});
    return int(result_.buffers.size()) - 1;
  }

  void add_leaf(int id, const Node& n) {
    const Leaf leaf{n.scope.path, n.outputs[0], n.parameter, n.role, n.copy_of};
    auto& mine = result_.buffer_of[size_t(id)];
    if (n.role == Role::kInput) {
      plan_.inputs.push_back(leaf);
      mine = {add_buffer(Slot::kInput, int(plan_.inputs.size()) - 1, leaf.type)};
    } else if (n.role == Role::kConstant) {
      plan_.constants.push_back(id);
      mine = {add_buffer(Slot::kConstant, int(plan_.constants.size()) - 1, leaf.type)};
    } else {
      plan_.store.push_back(leaf);
      mine = {add_buffer(Slot::kStore, int(plan_.store.size()) - 1, leaf.type)};
      readers_end_[mine[0]] = last_read_[size_t(id)][0];
    }
  }

  void add_view(int id, const Node& n) {
    const Port source = n.inputs[0];
    const auto& of = result_.buffer_of[size_t(source.node)];
    if (!of.empty()) result_.buffer_of[size_t(id)] = {of[size_t(source.output)]};
  }

  int buffer_at(Port p) {
    auto& of = result_.buffer_of[size_t(p.node)];
    if (of.empty())
      of = {buffer_at(graph_.node(p.node).inputs[0])};  // a view of an op that has run
    return of[size_t(p.output)];
  }

  void add_op(int id) {
    const Node& n = graph_.node(id);
    const int step = step_of_[size_t(id)];
    for (Port p : n.inputs)
      if (p.node >= 0) read(buffer_at(p), step);
    std::vector<int> mine(n.outputs.size(), -1);
    share_inputs(id, mine);
    for (size_t k = 0; k < mine.size(); ++k) {
      if (mine[k] < 0) mine[k] = state_buffer({id, int(k)}, step);
      if (mine[k] < 0) mine[k] = add_buffer(Slot::kArena, -1, n.outputs[k]);
      Buffer& b = result_.buffers[size_t(mine[k])];
      if (b.first < 0) b.first = step;
      b.last = std::max({b.last, step, last_read_[size_t(id)][k]});
    }
    result_.buffer_of[size_t(id)] = std::move(mine);
  }

  // Results take the buffers of inputs of their size that die here: a block is read before it is
  // written.
  void add_chain(const StepNodes& nodes) {
    const int step = step_of_[size_t(nodes[0])];
    const auto read_later = [&](int id) { return last_read_[size_t(id)][0] > step; };
    const ChainPorts ports = chain_ports(graph_, nodes, read_later);
    for (Port p : ports.in) read(buffer_at(p), step);
    for (int id : nodes) result_.buffer_of[size_t(id)] = {-1};
    std::vector<int> taken;
    for (Port p : ports.out) {
      const int64_t bytes = graph_.type(p).bytes();
      const auto free = std::ranges::find_if(ports.in, [&](Port q) {
        const int buffer = buffer_at(q);
        const Buffer& b = result_.buffers[size_t(buffer)];
        return b.where == Slot::kArena && b.last <= step && graph_.type(q).bytes() == bytes &&
               std::ranges::count(taken, buffer) == 0;
      });
      const int buffer =
          free != ports.in.end() ? buffer_at(*free) : add_buffer(Slot::kArena, -1, graph_.type(p));
      taken.push_back(buffer);
      Buffer& b = result_.buffers[size_t(buffer)];
      if (b.first < 0) b.first = step;
      b.last = std::max({b.last, step, last_read_[size_t(p.node)][0]});
      result_.buffer_of[size_t(p.node)] = {buffer};
    }
  }

  // Gives outputs the buffers of inputs that die here; an output that updates a state prefers the
  // state.
  void share_inputs(int id, std::vector<int>& mine) {
    const Node& n = graph_.node(id);
    if (!n.op->in_place) return;
    const std::vector<Value> in = graph_.inputs_of(id), out = graph_.outputs_of(id);
    const std::vector<InPlace> pairs = n.op->in_place({in, n.attrs, out});
    for (const bool into_state : {true, false})
      for (InPlace pair : pairs) {
        if (mine[size_t(pair.out)] >= 0 || !can_overwrite(id, pair, mine)) continue;
        const int buffer = buffer_at(n.inputs[size_t(pair.in)]);
        const bool state = result_.buffers[size_t(buffer)].where == Slot::kStore;
        if (state == into_state) mine[size_t(pair.out)] = buffer;
      }
  }

  void read(int buffer, int step) {
    Buffer& b = result_.buffers[size_t(buffer)];
    b.last = std::max(b.last, step);
  }

  bool can_overwrite(int id, InPlace pair, const std::vector<int>& taken) {
    const Node& n = graph_.node(id);
    const Port p = n.inputs[size_t(pair.in)];
    if (p.node < 0 || graph_.type(p).bytes() != n.outputs[size_t(pair.out)].bytes()) return false;
    const int buffer = buffer_at(p);
    if (std::ranges::count(taken, buffer)) return false;
    int uses = 0;
    for (Port q : n.inputs) uses += q.node >= 0 && buffer_at(q) == buffer;
    if (uses != 1) return false;
    const Buffer& b = result_.buffers[size_t(buffer)];
    if (b.where == Slot::kStore)
      return updates({id, pair.out}, buffer) && readers_end_[buffer] <= step_of_[size_t(id)];
    return b.where == Slot::kArena && b.last <= step_of_[size_t(id)];
  }

  bool updates(Port value, int buffer) {
    const auto it = update_of_.find(value);
    return it != update_of_.end() && std::ranges::any_of(it->second, [&](int state) {
             return result_.buffer_of[size_t(state)][0] == buffer;
           });
  }

  // A new value of a state whose old value nobody reads from this step on goes straight to its
  // place.
  int state_buffer(Port value, int step) {
    const auto it = update_of_.find(value);
    if (it == update_of_.end()) return -1;
    for (int state : it->second) {
      const int buffer = result_.buffer_of[size_t(state)][0];
      if (readers_end_[buffer] < step) return buffer;
    }
    return -1;
  }

  void finish() {
    for (int id = 0; id < int(graph_.nodes().size()); ++id)
      if (graph_.node(id).op && graph_.node(id).op->view) buffer_at({id, 0});
    for (const Update& u : graph_.updates) {
      const int from = buffer_at(u.value), to = result_.buffer_of[size_t(u.node)][0];
      if (from == to) continue;
      ensure(result_.buffers[size_t(from)].where != Slot::kStore, "state '",
             graph_.node(u.node).scope.path, "' is updated from another state's buffer");
      Slot slot{.index = from, .type = graph_.type(u.value)};
      result_.copies.push_back({slot, result_.buffers[size_t(to)].index});
    }
  }

  Plan& plan_;
  Graph& graph_;
  std::span<const StepNodes> steps_;
  std::vector<int> step_of_;
  std::vector<std::vector<int>> last_read_;
  std::map<Port, std::vector<int>> update_of_;  // value -> the state nodes it becomes
  std::map<int, int> readers_end_;  // store buffer -> last step that reads the old value
  BufferPlan result_;
};
}  // namespace

BufferPlan assign_buffers(Plan& plan, std::span<const StepNodes> steps) {
  return Assigner(plan, steps).run();
}
}  // namespace cambium
