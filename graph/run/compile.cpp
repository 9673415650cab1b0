// compile: order, buffers, kernels, addresses.
#include <algorithm>

#include "core/system/memory.h"
#include "graph/run/buffers.h"

namespace cambium {
namespace {
constexpr int64_t kKernelRoom = 16 << 20;  // more than any generated kernel takes

// Offsets of the arena buffers, by buffer; and of the steps' scratch, which lives as long as its
// step.
std::vector<int64_t> place_arena(const BufferPlan& b, Plan& plan) {
  std::vector<Life> lives;
  std::vector<int64_t*> offset_of;
  std::vector<int64_t> offsets(b.buffers.size(), 0);
  for (size_t i = 0; i < b.buffers.size(); ++i)
    if (b.buffers[i].where == Slot::kArena && b.buffers[i].first >= 0) {
      lives.push_back({b.buffers[i].bytes, b.buffers[i].first, b.buffers[i].last});
      offset_of.push_back(&offsets[i]);
    }
  for (int at = 0; PlanStep & step : plan.steps) {
    if (const int64_t bytes = step.kernel.scratch_bytes; bytes > 0) {
      lives.push_back({bytes, at, at});
      offset_of.push_back(&step.scratch_offset);
    }
    ++at;
  }
  const Placement p = place(lives);
  plan.memory.arena_bytes = p.bytes;
  plan.memory.lower_bound_bytes = p.lower_bound;
  plan.memory.strategy = p.strategy;
  for (size_t k = 0; k < lives.size(); ++k) *offset_of[k] = p.offsets[k];
  return offsets;
}

Kernel build_kernel(Graph& g, int id, Engine& engine) {
  const Node& n = g.node(id);
  if (!n.op->kernel)
    throw RuntimeError(str(n.op->name, " '", n.scope.path, "' has no kernel"), {}, n.scope.mark);
  const std::vector<Value> in = g.inputs_of(id), out = g.outputs_of(id);
  require_address_room(kKernelRoom);
  Kernel k = n.op->kernel({in, n.attrs, out}, engine);
  ensure(bool(k.run), n.op->name, " '", n.scope.path, "' built no kernel");
  return k;
}

// Several nodes, or a pointwise op that reads bf16 and whose own kernel is for f32.
bool is_chain(const Graph& g, const StepNodes& nodes) {
  if (nodes.size() > 1) return true;
  const Node& n = g.node(nodes[0]);
  return n.op->range && !n.op->bf16 && std::ranges::any_of(n.inputs, [&](Port p) {
           return p.node >= 0 && g.type(p).dtype == DType::kBf16;
         });
}

// What a step reads and writes.
ChainPorts ports_of(const Graph& g, const StepNodes& nodes, const BufferPlan& b) {
  if (is_chain(g, nodes))
    return chain_ports(g, nodes, [&](int id) { return b.buffer_of[size_t(id)][0] >= 0; });
  const Node& n = g.node(nodes[0]);
  ChainPorts ports{n.inputs, {}};
  for (int k = 0; k < int(n.outputs.size()); ++k) ports.out.push_back({nodes[0], k});
  return ports;
}

int64_t bytes_of(std::span<const Leaf> leaves) {
  int64_t bytes = 0;
  for (const Leaf& l : leaves) bytes += l.type.bytes();
  return bytes;
}

// Also the graphs that kernels make, which have their room for good.
int64_t constant_bytes(const Plan& plan) {
  int64_t bytes = 0;
  for (const Node& n : plan.graph.nodes())
    for (const ValueType& t : n.outputs)
      if (n.op && t.dtype == DType::kAdjacency) bytes += adjacency_bytes(t.shape[0], t.shape[2]);
  for (int id : plan.constants) {
    const Node& n = plan.graph.node(id);
    bytes += n.adjacency ? adjacency_bytes(n.adjacency->nodes(), n.adjacency->edges())
                         : n.outputs[0].bytes();
  }
  return bytes;
}
}  // namespace

std::vector<StepNodes> execution_order(const Graph& g, bool chains, size_t& first_update) {
  std::vector<int> order, updates;
  for (int id = 0; const Node& n : g.nodes()) {
    if (n.op && !n.op->view) (n.scope.phase == Phase::kUpdate ? updates : order).push_back(id);
    ++id;
  }
  std::vector<StepNodes> steps;
  if (chains)
    steps = form_chains(g, order);
  else
    for (int id : order) steps.push_back({id});
  first_update = steps.size();
  for (int id : updates) steps.push_back({id});
  return steps;
}

std::vector<Life> arena_lives(const Graph& g) {
  Plan plan{.graph = g.clone()};
  const std::vector<StepNodes> steps = execution_order(plan.graph, true, plan.first_update);
  std::vector<Life> lives;
  for (const Buffer& b : assign_buffers(plan, steps).buffers)
    if (b.where == Slot::kArena && b.first >= 0) lives.push_back({b.bytes, b.first, b.last});
  return lives;
}

Plan compile(Graph graph, Engine& engine, const CompileOptions& options) {
  verify(graph);
  Plan plan{.graph = std::move(graph)};
  const std::vector<StepNodes> steps =
      execution_order(plan.graph, options.chains, plan.first_update);
  const BufferPlan b = assign_buffers(plan, steps);
  std::vector<ChainPorts> ports;
  for (const StepNodes& nodes : steps) {
    PlanStep step{.node = nodes[0], .nodes = nodes};
    ports.push_back(ports_of(plan.graph, nodes, b));
    if (is_chain(plan.graph, nodes))
      build_chain(plan.graph, ports.back(), step);
    else
      step.kernel = build_kernel(plan.graph, nodes[0], engine);
    plan.steps.push_back(std::move(step));
  }
  const std::vector<int64_t> offsets = place_arena(b, plan);
  const auto slot_at = [&](int buffer, const ValueType& type) {
    const Buffer& at = b.buffers[size_t(buffer)];
    return Slot{at.where, offsets[size_t(buffer)], at.index, type};
  };
  const auto slot_of = [&](Port p) {
    if (p.node < 0) return Slot{};
    return slot_at(b.buffer_of[size_t(p.node)][size_t(p.output)], plan.graph.type(p));
  };
  for (size_t s = 0; s < plan.steps.size(); ++s) {
    for (Port p : ports[s].in) plan.steps[s].in.push_back(slot_of(p));
    for (Port p : ports[s].out) plan.steps[s].out.push_back(slot_of(p));
  }
  for (const StateCopy& c : b.copies)
    plan.copies.push_back({slot_at(c.from.index, c.from.type), c.store_index});
  plan.outputs = plan.graph.outputs;
  for (const Output& o : plan.outputs) plan.output_slots.push_back(slot_of(o.port));
  plan.memory.store_bytes = bytes_of(plan.store);
  plan.memory.input_bytes = bytes_of(plan.inputs);
  plan.memory.constant_bytes = constant_bytes(plan);
  return plan;
}
}  // namespace cambium
