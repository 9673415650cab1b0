// Executor: a plan bound to memory. run() executes every step in order and allocates nothing.
#pragma once
#include <map>
#include <memory>

#include "graph/run/plan.h"

namespace cambium {
// The named tensors (parameters, optimizer moments, running statistics) that several plans share.
// What a plan adds lies end to end in one block, in the order of the plan.
class Store {
 public:
  // Makes what the plan names and the store lacks, initialised for `seed`; InternalError when a
  // name exists with another type.
  void add(const Plan& plan, uint64_t seed);

  // Makes the copies in bf16 anew; due after parameters were written by anything but a plan.
  void refresh_copies();

  Tensor& at(std::string_view name);  // InternalError when there is none
  const Tensor& at(std::string_view name) const;
  bool has(std::string_view name) const;

  // All but the copies.
  const std::map<std::string, Tensor, std::less<>>& tensors() const { return tensors_; }

  void* address(const Leaf& leaf);  // InternalError when there is none

 private:
  Tensor* find(const Leaf& leaf);
  std::map<std::string, Tensor, std::less<>> tensors_;
  std::map<std::string, Tensor, std::less<>> copies_;  // in bf16, by the parameter's name
};

// Fills a tensor as `init` says, a function of (seed, name, element) alone.
void initialise(Tensor& t, const Init& init, uint64_t seed, std::string_view name);

struct StepProfile {
  int node;
  double total_ms = 0;
  int64_t runs = 0;
};

// The arena of plans of which only one runs at a time: as large as the largest wants it.
struct Workspace {
  explicit Workspace(std::span<const Plan* const> plans);

  Bytes arena;
};

class Executor {
 public:
  // Plan and store must outlive the executor; the store must hold what the plan names. Executors
  // that share a workspace overwrite each other's outputs; without one, each has its own.
  Executor(const Plan& plan, Store& store, std::shared_ptr<Workspace> workspace = nullptr);

  // Copies a batch into the input of that name. InternalError on a wrong name, UserError on a type
  // mismatch.
  void set_input(std::string_view name, const Tensor& value);
  void set_input(std::string_view name, const Adjacency& adjacency);  // must outlive the run
  bool has_input(std::string_view name) const;

  // A number the caller gave to what an input holds; 0 since anything else was written there.
  uint64_t input_version(std::string_view name) const { return versions_[input_index(name)]; }

  void set_input_version(std::string_view name, uint64_t version) {
    versions_[input_index(name)] = version;
  }

  std::span<std::byte> input(std::string_view name);  // to fill in place

  // One step: gradients, then updates. The halves are for a caller who looks between them, so that
  // a NaN never reaches the parameters.
  void run();
  void run_gradients();  // forward and backward nodes
  void run_updates();    // nodes of Phase::kUpdate, then the copies

  void set_profiling(bool on) { profiling_ = on; }

  // A view of a named output, valid until the next run.
  std::span<const std::byte> output(std::string_view name) const;
  float output_scalar(std::string_view name) const;

  const std::vector<StepProfile>& profile() const { return profile_; }

  // The node id of the first forward or backward step whose output holds NaN or Inf, re-running
  // them one by one on the present inputs; -1 when none does. Updates are not applied.
  int first_non_finite();

  const Plan& plan() const { return plan_; }

 private:
  int inspect(
      size_t step);  // runs it; the node that made the first value that is not finite, or -1

  struct Bound {
    std::vector<const void*> in;
    std::vector<void*> out;
    std::byte* scratch = nullptr;

    KernelArgs args() const { return {in.data(), out.data(), scratch}; }
  };

  void* address(const Slot& slot);
  size_t input_index(std::string_view name) const;
  void run_range(size_t begin, size_t end);
  const Plan& plan_;
  Store& store_;
  std::shared_ptr<Workspace> workspace_;
  std::vector<Tensor> inputs_;
  std::vector<uint64_t> versions_;             // of inputs
  std::vector<const Adjacency*> adjacencies_;  // what kAdjacency inputs and constants point at
  std::vector<Bound> bound_;
  std::vector<StepProfile> profile_;
  bool profiling_ = false;
};
}  // namespace cambium
