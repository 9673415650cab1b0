// Chains: pointwise ops that run as one loop over blocks that stay in the cache. The graph keeps
// its nodes; only the plan's steps are fewer, and values that nobody else reads have no memory.
#pragma once
#include "graph/graph.h"
#include "graph/run/plan.h"

namespace cambium {
using StepNodes = std::vector<int>;  // the nodes of one step, in execution order; often one

// The op nodes of `order` as steps. A pointwise op joins the step of a value it reads when that
// step can wait for it, or it can run as early as that step.
std::vector<StepNodes> form_chains(const Graph& g, std::span<const int> order);

// What a chain reads and writes outside itself.
struct ChainPorts {
  std::vector<Port> in, out;  // distinct; `in` after views
};

// The port whose bytes `p` is: views are looked through.
Port viewed(const Graph& g, Port p);

// `is_read_later` says whether a node's value is needed outside.
ChainPorts chain_ports(const Graph& g, const StepNodes& nodes,
                       const std::function<bool(int)>& is_read_later);

// Gives `step` the kernel of the chain step.nodes.
void build_chain(Graph& g, const ChainPorts& ports, PlanStep& step);
}  // namespace cambium
