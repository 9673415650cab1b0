#include "train/graphs/plans.h"

#include <limits>
#include <numeric>
#include <set>

#include "core/failures.h"
#include "core/system/memory.h"
#include "core/system/parallel.h"
#include "core/text/fmt.h"
#include "graph/passes/passes.h"
#include "graph/run/buffers.h"
#include "ops/support/bf16.h"
#include "ops/support/dnnl.h"
#include "train/graphs/narrow_copies.h"
#include "train/graphs/pipeline.h"
#include "train/graphs/recompute_plan.h"

namespace cambium {
namespace {
// Code that is first used in a step, stacks of threads, files that are written, and what the
// allocator cannot use: 0.4 to 1.5 MiB over the configs. The share is a reserve for what the system
// does not say exactly, so that no run needs more than was foretold.
constexpr int64_t kFirstRunBytes = int64_t(3) << 19;

int64_t with_reserve(int64_t bytes) {
  return bytes + bytes / 256;
}

// At least what a step takes, from its graph alone: the parameters and what the optimizer keeps of
// them, inputs, and the values that are alive at once.
int64_t least_bytes(const Graph& g) {
  int64_t bytes = lower_bound_of(arena_lives(g));
  for (const Node& n : g.nodes()) {
    if (n.op) continue;
    bytes += n.adjacency ? adjacency_bytes(n.adjacency->nodes(), n.adjacency->edges())
                         : n.outputs[0].bytes();
  }
  return bytes;
}

void check_machine(const Experiment& e, const Graph& step) {
  const int64_t machine = total_memory_bytes();
  if (machine >= 0) check_memory(e, {.batch_bytes = least_bytes(step)}, machine);
}

// The graphs of constants, which are made when the plan is first bound to memory, each once however
// many plans read it, and those that kernels fill when they first run.
int64_t graphs_to_make(const Plan& plan, std::set<const LazyAdjacency*>& counted) {
  int64_t bytes = 0;
  for (const Node& n : plan.graph.nodes())
    for (const ValueType& t : n.outputs)
      if (n.op && t.dtype == DType::kAdjacency) bytes += adjacency_bytes(t.shape[0], t.shape[2]);
  for (const int id : plan.constants)
    if (const auto& a = plan.graph.node(id).adjacency; a && counted.insert(a.get()).second)
      bytes += adjacency_bytes(a->nodes(), a->edges());
  return bytes;
}

// The edges of graphs that a batch brings: those of the first one, and a tenth more, because the
// most there can be may be many times as many.
int64_t bytes_of_edges(const Dataset& data, int64_t batch) {
  Batch b = allocate_batch(data.shape(batch));
  std::vector<int64_t> first(size_t(std::min(batch, data.count(Split::kTrain))));
  std::iota(first.begin(), first.end(), 0);
  data.read(Split::kTrain, first, 0, b);
  if (!b.adjacency) return 0;
  const int64_t edges = b.adjacency->edges + b.adjacency->edges / 10;
  return adjacency_bytes(b.adjacency->nodes, edges);
}

// One batch as it is read: its tensors and, of graphs, its edges.
int64_t bytes_of_batch(const Dataset& data, int64_t batch) {
  const DataShape s = data.shape(batch);
  const bool own_edges = s.domain == Domain::kGraph && !s.one_graph;
  return s.bytes() + (own_edges ? bytes_of_edges(data, batch) : 0);
}
}  // namespace

TrainPlans compile_plans(const Experiment& e, Engine& engine) {
  check_passes(e.passes);
  const Step& graphs = step_of(e);
  Graph step = recomputed(e, optimised(e, graphs));
  check_machine(e, step);
  std::optional<Graph> apply, shares, curvature;
  if (graphs.apply) apply = run_passes(graphs.apply->clone(), training_pipeline());
  if (graphs.shares) shares = optimised(e, graphs.shares->clone());
  if (graphs.curvature) curvature = recomputed(e, optimised(e, graphs.curvature->clone()));
  const ParameterNames names = narrow_parameters(step);
  if (!names.empty() && runs_pass(e, "narrow_copies")) {
    step = read_copies(step, names);
    Graph& writer = apply ? *apply : step;
    writer = write_copies(writer, names);
    for (std::optional<Graph>* more : {&shares, &curvature})
      if (*more) *more = read_copies(**more, names);
    if (e.passes.after) e.passes.after("narrow_copies", step);
  }
  const CompileOptions options{.chains = runs_pass(e, "form_chains")};
  const auto compiled = [&](std::optional<Graph>& g) {
    return g ? std::optional(compile(std::move(*g), engine, options)) : std::nullopt;
  };
  return {compile(std::move(step), engine, options), compiled(apply), compiled(shares),
          compiled(curvature), compile(optimised(e, graphs.evaluation.clone()), engine, options)};
}

std::vector<const Plan*> TrainPlans::all() const {
  std::vector<const Plan*> out = {&step, &evaluation};
  for (const std::optional<Plan>* more : {&apply, &shares, &curvature})
    if (*more) out.push_back(&**more);
  return out;
}

// The orders in which a sampler lists training and validation examples (data/sampler.h). Short ones
// are in the reserve.
static int64_t order_bytes(const Dataset& data) {
  constexpr int64_t kInReserve = int64_t(1) << 20;
  const int64_t train = data.stream_bytes() > 0 ? 0 : data.count(Split::kTrain);
  const int64_t bytes = int64_t(sizeof(int64_t)) * (train + data.count(Split::kValidation));
  return bytes > kInReserve ? bytes : 0;
}

MemoryNeed memory_need(const Experiment& e, const TrainPlans& plans) {
  MemoryNeed need;
  std::map<std::string, int64_t> store;
  std::set<const LazyAdjacency*> counted;
  int64_t arena_bytes = 0;
  for (const Plan* p : plans.all()) {
    const MemoryReport& m = p->memory;
    arena_bytes = std::max(arena_bytes, m.arena_bytes);
    need.batch_bytes += m.input_bytes + graphs_to_make(*p, counted);
    for (const Leaf& leaf : p->store) store[leaf.name] = leaf.type.bytes();
  }
  need.batch_bytes += arena_bytes;
  for (const auto& [name, bytes] : store) need.store_bytes += bytes;
  for (const Leaf& leaf : plans.evaluation.store) need.store_bytes += leaf.type.bytes();
  // Two loaders, two slots each; one each when a batch never changes.
  const int64_t slots = e.data->version(Split::kTrain) == 0 ? 4 : 2;
  need.batch_bytes += slots * bytes_of_batch(*e.data, e.train.options.batch);
  need.batch_bytes += (plans.shares ? 2 : 1) * e.data->stream_bytes();
  need.store_bytes += order_bytes(*e.data);
  // Before AVX-512 oneDNN takes tiles for each product while it runs, a megabyte a thread or less.
  constexpr int64_t kTileBytes = 600'000;
  if (!has_bf16_products()) need.batch_bytes += thread_count() * kTileBytes;
  return {.store_bytes = with_reserve(need.store_bytes) + kFirstRunBytes,
          .batch_bytes = with_reserve(need.batch_bytes)};
}

namespace {
// oneDNN writes the code of its plain products at the first one of each kind, 2 to 3 MB that would
// else come in the first step: small ones and ones that are copied into tiles first. Machines with
// AVX-512 have other kernels.
void write_product_code() {
  if (has_bf16_products()) return;
  static const bool written = [] {
    for (const int64_t n : {8, 256}) {
      const std::vector<float> a(size_t(n * n), 1.0f);
      std::vector<float> c(size_t(n * n));
      dnnl::sgemm('N', 'N', n, n, n, 1, a.data(), n, a.data(), n, 0, c.data(), n);
    }
    return true;
  }();
  (void)written;
}
}  // namespace

int64_t predicted_peak_bytes(const MemoryNeed& need) {
  write_product_code();
  release_free_memory();
  return current_resident_bytes() + need.total();
}

int64_t usable_memory_bytes() {
  const int64_t bytes = available_memory_bytes();
  return bytes < 0 ? std::numeric_limits<int64_t>::max() : bytes;
}

std::string bytes_text(int64_t bytes) {
  constexpr std::string_view units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = double(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(units)) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? str(bytes, " bytes")
                   : fmt::format("{:.{}f} {}", value, value < 10 ? 1 : 0, units[unit]);
}

std::vector<std::string> slow_kernels(const Plan& plan) {
  std::vector<std::string> out;
  for (const PlanStep& step : plan.steps) {
    int64_t bytes = 0;
    for (const auto* slots : {&step.in, &step.out})
      for (const Slot& slot : *slots) bytes += slot.type.bytes();
    const Node& n = plan.graph.node(step.node);
    if (is_reference_impl(step.kernel.impl) && bytes > 65536)
      out.push_back(str(n.kind(), " at ", n.scope.path, " (", step.kernel.impl, ", ",
                        bytes_text(bytes), ")"));
  }
  return out;
}

void check_memory(const Experiment& e, const MemoryNeed& need, int64_t available_bytes) {
  if (need.total() <= available_bytes) return;
  const TrainOptions& o = e.train.options;
  std::string help = "use a smaller model or a machine with more memory";
  const double room = double(available_bytes - need.store_bytes) / double(need.batch_bytes);
  int64_t batch = 0;  // the largest power of two that fits with a tenth to spare
  for (int64_t b = 1; double(b) <= 0.9 * room * double(o.batch); b *= 2) batch = b;
  if (batch > 0 && batch < o.batch && e.data->shape(1).domain != Domain::kGraph)
    help = str("use train.batch: ", batch, " (about ",
               bytes_text(need.store_bytes + need.batch_bytes * batch / o.batch),
               "); with accumulate: ", (o.batch * o.accumulate + batch - 1) / batch,
               " a step still sees ", o.batch * o.accumulate, " examples; or a smaller model");
  else if (need.store_bytes > available_bytes)
    help = str("the parameters and what the optimizer keeps of them take ",
               bytes_text(need.store_bytes), " at any batch size; use a smaller model");
  if (!recomputes(e) && need.store_bytes <= available_bytes)
    help += "; or recompute: true beside the model's repeated blocks (less memory, more time)";
  throw MemoryError(str("training needs ", bytes_text(need.total()), " of memory, ",
                        bytes_text(std::max<int64_t>(0, available_bytes)), " are available"),
                    help);
}
}  // namespace cambium
