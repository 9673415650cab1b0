// Plan: a graph turned into an ordered list of ready-made kernels over one arena. Frozen; a run
// allocates nothing.
#pragma once
#include "graph/graph.h"

namespace cambium {
// Where a value lives. Inputs, parameters, states and constants have buffers of their own, the rest
// share the arena.
struct Slot {
  enum Where { kNone, kArena, kInput, kStore, kConstant } where = kNone;

  int64_t offset_bytes = 0;  // kArena
  int index = -1;            // into Plan::inputs, Plan::store or Plan::constants
  ValueType type;
};

struct PlanStep {
  int node;                // the first of `nodes`
  std::vector<int> nodes;  // more than one: pointwise ops that run as one loop
  Kernel kernel;
  // Of a chain: runs it and answers the first node with a value that is not finite, or -1.
  std::function<int(const KernelArgs&)> first_non_finite;
  std::vector<Slot> in, out;
  int64_t scratch_offset = 0;  // in the arena, of Kernel::scratch_bytes
};

struct Leaf {  // an input, or a named piece of state that plans share through a Store
  std::string name;
  ValueType type;
  ParameterInfo parameter;
  Role role;
  std::string copy_of = {};  // the parameter whose values it holds in bf16
};

struct StateCopy {  // an update whose value could not be computed in place
  Slot from;
  int store_index;
};

struct MemoryReport {
  // The arena holds values and, while a kernel runs, its scratch memory; the bound: most bytes
  // alive at once.
  int64_t arena_bytes = 0, lower_bound_bytes = 0;
  int64_t store_bytes = 0, input_bytes = 0, constant_bytes = 0;
  std::string strategy;  // which placement won

  int64_t total() const { return arena_bytes + store_bytes + input_bytes + constant_bytes; }
};

struct Plan {
  Graph graph;
  std::vector<PlanStep> steps;  // forward and backward nodes by id, then update nodes by id
  size_t first_update = 0;      // where the update steps begin
  std::vector<Leaf> inputs, store;
  std::vector<int> constants;  // node ids
  std::vector<Output> outputs;
  std::vector<Slot> output_slots;
  std::vector<StateCopy> copies;
  MemoryReport memory;
};

struct CompileOptions {
  bool chains = true;  // pointwise ops share a loop where they can
};

// Chooses and builds every kernel, places every value. Ids are the order, except that a pointwise
// op may run earlier or later to share the loop of its operand. RuntimeError when an op has neither
// kernel nor view.
Plan compile(Graph graph, Engine& engine, const CompileOptions& options = {});

// Offset assignment for intervals of life; several strategies, the smallest arena wins.
struct Life {
  int64_t bytes;
  int first, last;  // step numbers, inclusive
};

struct Placement {
  std::vector<int64_t> offsets;  // 64-byte multiples
  int64_t bytes = 0, lower_bound = 0;
  std::string strategy;
};

Placement place(std::span<const Life> lives);
}  // namespace cambium
