#include "graph/run/executor.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

namespace cambium {
namespace {
bool all_finite(const float* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    if (!std::isfinite(x[i])) return false;
  return true;
}
}  // namespace

Workspace::Workspace(std::span<const Plan* const> plans) {
  int64_t arena_bytes = 0;
  for (const Plan* p : plans) arena_bytes = std::max(arena_bytes, p->memory.arena_bytes);
  arena = allocate_bytes(arena_bytes);
}

Executor::Executor(const Plan& plan, Store& store, std::shared_ptr<Workspace> workspace)
    : plan_(plan),
      store_(store),
      workspace_(std::move(workspace)),
      versions_(plan.inputs.size(), 0),
      adjacencies_(plan.inputs.size() + plan.constants.size(), nullptr) {
  const Plan* const own = &plan;
  if (!workspace_) workspace_ = std::make_shared<Workspace>(std::span(&own, 1));
  for (const Leaf& leaf : plan.inputs)
    inputs_.push_back(leaf.type.dtype == DType::kAdjacency ? Tensor() : Tensor(leaf.type));
  for (size_t i = 0; i < plan.constants.size(); ++i)
    if (const auto& made = plan.graph.node(plan.constants[i]).adjacency)
      adjacencies_[plan.inputs.size() + i] = &made->get();
  for (const PlanStep& step : plan.steps) {
    Bound b;
    for (const Slot& s : step.in) b.in.push_back(address(s));
    for (const Slot& s : step.out) b.out.push_back(address(s));
    b.scratch = workspace_->arena.get() + step.scratch_offset;
    bound_.push_back(std::move(b));
    profile_.push_back({step.node});
  }
}

void* Executor::address(const Slot& slot) {
  const auto i = size_t(slot.index);
  switch (slot.where) {
    case Slot::kNone:
      return nullptr;
    case Slot::kArena:
      return workspace_->arena.get() + slot.offset_bytes;
    case Slot::kStore:
      return store_.address(plan_.store[i]);
    case Slot::kInput:
      if (slot.type.dtype == DType::kAdjacency) return &adjacencies_[i];
      return inputs_[i].data();
    case Slot::kConstant: {
      if (slot.type.dtype == DType::kAdjacency) return &adjacencies_[plan_.inputs.size() + i];
      const Tensor& t = *plan_.graph.node(plan_.constants[i]).constant;
      return const_cast<std::byte*>(t.data());  // kernels never write constants: no in-place there
    }
  }
  return nullptr;
}

size_t Executor::input_index(std::string_view name) const {
  const auto found = std::ranges::find(plan_.inputs, name, &Leaf::name);
  ensure(found != plan_.inputs.end(), "the plan has no input '", name, "'");
  return size_t(found - plan_.inputs.begin());
}

bool Executor::has_input(std::string_view name) const {
  return std::ranges::find(plan_.inputs, name, &Leaf::name) != plan_.inputs.end();
}

void Executor::set_input(std::string_view name, const Tensor& value) {
  const size_t i = input_index(name);
  require(value.type() == plan_.inputs[i].type, "input '", name, "' is ", value.type(),
          ", the plan takes ", plan_.inputs[i].type);
  versions_[i] = 0;
  if (value.bytes() > 0) std::memcpy(inputs_[i].data(), value.data(), size_t(value.bytes()));
}

void Executor::set_input(std::string_view name, const Adjacency& adjacency) {
  const size_t i = input_index(name);
  const Shape& shape = plan_.inputs[i].type.shape;
  require(adjacency.nodes == shape[0] && adjacency.edges <= shape[2], "input '", name, "' has ",
          adjacency.nodes, " nodes and ", adjacency.edges, " edges, the plan takes ", shape[0],
          " and at most ", shape[2]);
  versions_[i] = 0;
  adjacencies_[i] = &adjacency;
}

std::span<std::byte> Executor::input(std::string_view name) {
  const size_t i = input_index(name);
  versions_[i] = 0;
  return inputs_[i].raw();
}

void Executor::run_range(size_t begin, size_t end) {
  for (size_t s = begin; s < end; ++s) {
    const KernelArgs args = bound_[s].args();
    if (!profiling_) {
      plan_.steps[s].kernel.run(args);
      continue;
    }
    const auto start = std::chrono::steady_clock::now();
    plan_.steps[s].kernel.run(args);
    const std::chrono::duration<double, std::milli> ms = std::chrono::steady_clock::now() - start;
    profile_[s].total_ms += ms.count();
    ++profile_[s].runs;
  }
}

void Executor::run() {
  run_gradients();
  run_updates();
}

void Executor::run_gradients() {
  run_range(0, plan_.first_update);
}

void Executor::run_updates() {
  run_range(plan_.first_update, plan_.steps.size());
  for (const StateCopy& c : plan_.copies) {
    const Leaf& to = plan_.store[size_t(c.store_index)];
    if (to.type.bytes() > 0)
      std::memcpy(store_.address(to), address(c.from), size_t(to.type.bytes()));
  }
}

std::span<const std::byte> Executor::output(std::string_view name) const {
  const auto found = std::ranges::find(plan_.outputs, name, &Output::name);
  ensure(found != plan_.outputs.end(), "the plan has no output '", name, "'");
  const Slot& slot = plan_.output_slots[size_t(found - plan_.outputs.begin())];
  const void* data = const_cast<Executor*>(this)->address(slot);
  return {static_cast<const std::byte*>(data), size_t(slot.type.bytes())};
}

float Executor::output_scalar(std::string_view name) const {
  const auto bytes = output(name);
  ensure(bytes.size() == sizeof(float), "output '", name, "' is no f32 scalar");
  float value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

int Executor::inspect(size_t s) {
  const PlanStep& step = plan_.steps[s];
  if (step.first_non_finite) return step.first_non_finite(bound_[s].args());
  run_range(s, s + 1);
  for (size_t k = 0; k < step.out.size(); ++k)
    if (step.out[k].type.dtype == DType::kF32 &&
        !all_finite(static_cast<const float*>(bound_[s].out[k]), step.out[k].type.shape.count()))
      return step.node;
  return -1;
}

int Executor::first_non_finite() {
  for (size_t s = 0; s < plan_.first_update; ++s)
    if (const int id = inspect(s); id >= 0) return id;
  return -1;
}
}  // namespace cambium
