// Every method on every sample of every block: a fresh adapter changes no bit, what it learned
// merges where that is claimed, and what the table refuses finds nothing.
#include <cstring>
#include <fstream>

#include <gtest/gtest.h>

#include "ops/passes/passes.h"
#include "ops/support/dnnl.h"
#include "tests/support/block_case.h"
#include "tests/support/one_thread.h"
#include "train/adapters/family.h"
#include "train/adapters/merge.h"

namespace cambium::every_adapter_test {
namespace {
struct AdapterTrial {
  const AdapterMethod* method;
  BlockTrial block;
};

void PrintTo(const AdapterTrial& t, std::ostream* out) {
  *out << t.method->name << " on " << t.block.sample.yaml;
}

std::vector<AdapterTrial> adapter_trials() {
  std::vector<AdapterTrial> out;
  for (const AdapterMethod* m : builtin_adapters())
    for (const BlockTrial& b : block_trials()) out.push_back({m, b});
  return out;
}

// The method on all that it meets, as small as it can be: samples are.
AdaptSpec spec_of(const AdapterMethod& m, const std::vector<std::string>& on) {
  Args args;
  for (const FieldInfo& f : m.attrs.describe()) {
    if (f.name == "on") args.push_back({"on", on});
    if (f.name == "rank") args.push_back({"rank", 1});
    if (f.name == "alpha") args.push_back({"alpha", 3});
    if (f.name == "width" || f.name == "length") args.push_back({f.name, 2});
  }
  AdaptSpec spec;
  AdaptUse use{&m, m.attrs.parse(args, nullptr), {}, {}};
  for (const std::string& p : on) use.on.push_back({p, {}});
  spec.uses.push_back(std::move(use));
  return spec;
}

// As the store starts them.
void add_fresh(const Graph& g, BlockCase::Data& leaves) {
  for (const Node& n : g.nodes()) {
    if (n.op || n.role == Role::kConstant || leaves.contains(n.scope.path)) continue;
    Tensor t(n.outputs[0]);
    if (n.role == Role::kParameter) initialise(t, n.parameter.init, 3, n.scope.path);
    Ref r;
    for (int64_t i = 0; i < t.count(); ++i)
      r.data.push_back(n.outputs[0].dtype == DType::kF32 ? t.f32()[size_t(i)] : 0);
    leaves[n.scope.path] = std::move(r);
  }
}

// Rounded to f32, as kernels hold them.
void add_drawn(const Graph& g, BlockCase::Data& leaves, double size) {
  for (const Node& n : g.nodes()) {
    if (n.role != Role::kParameter || leaves.contains(n.scope.path)) continue;
    Random random(11, stream_of(n.scope.path));
    Ref r;
    const double middle = n.parameter.init.kind == Init::kConstant ? n.parameter.init.scale : 0;
    for (int64_t i = 0; i < n.outputs[0].shape.count(); ++i)
      r.data.push_back(float(middle + size * random.normal()));
    leaves[n.scope.path] = std::move(r);
  }
}

BlockCase::Data rounded(BlockCase::Data leaves) {
  for (auto& [name, ref] : leaves)
    for (double& x : ref.data) x = float(x);
  return leaves;
}

std::vector<double> in_double(const Graph& g, const BlockCase::Data& leaves) {
  return interpret(g, [&](const Node& n) { return leaves.at(n.scope.path); }).outputs[0].data;
}

Tensor as_tensor(const ValueType& type, const Ref& from) {
  Tensor t(type);
  for (int64_t i = 0; i < t.count(); ++i) {
    if (type.dtype == DType::kF32) t.f32()[size_t(i)] = float(from[i]);
    if (type.dtype == DType::kI32) t.i32()[size_t(i)] = int32_t(from[i]);
    if (type.dtype == DType::kI64) t.i64()[size_t(i)] = int64_t(from[i]);
  }
  return t;
}

// As training sees it, after all passes in their order.
Graph optimised(const Graph& g, bool bf16) {
  Graph out = run_passes(g.clone(), training_pipeline());
  const auto then = [&](Graph (*pass)(const Graph&)) {
    out = run_passes(pass(out), training_pipeline());
  };
  then(fuse_rope);
  if (bf16) {
    then(place_casts);
    then(store_narrow);
  }
  then(keep_blocked);
  return out;
}

// By the kernels.
std::vector<float> in_f32(const Graph& g, const BlockCase::Data& leaves) {
  Engine engine;
  const Plan plan = compile(optimised(g, false), engine);
  Store store;
  store.add(plan, 1);
  Executor executor(plan, store);
  for (const Leaf& leaf : plan.store) {
    const Tensor t = as_tensor(leaf.type, leaves.at(leaf.name));
    std::ranges::copy(t.raw(), store.at(leaf.name).raw().begin());
  }
  for (const Leaf& leaf : plan.inputs) {
    const Ref& data = leaves.at(leaf.name);
    if (data.adjacency)
      executor.set_input(leaf.name, *data.adjacency);
    else
      executor.set_input(leaf.name, as_tensor(leaf.type, data));
  }
  executor.run();
  const std::span<const std::byte> raw = executor.output("y");
  std::vector<float> out(raw.size() / sizeof(float));
  std::memcpy(out.data(), raw.data(), raw.size());
  return out;
}

template <class T> double apart(const std::vector<T>& a, const std::vector<T>& b) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += (double(a[i]) - b[i]) * (double(a[i]) - b[i]);
    size += double(b[i]) * b[i];
  }
  return std::sqrt(difference / std::max(size, 1e-30));
}

class EveryAdapter : public testing::TestWithParam<AdapterTrial> {
 protected:
  // Evaluation: what training draws would differ.
  EveryAdapter()
      : trial_(GetParam()),
        case_("- " + trial_.block.sample.yaml, trial_.block.sample.domain,
              trial_.block.sample.shape, {.training = false}),
        spec_(spec_of(*trial_.method, {"*"})),
        adapted_(with_adapters(spec_, case_.graph, case_.blocks, false)) {}

  bool finds_nothing() const { return adapted_.report->places.empty(); }

  const AdapterTrial trial_;
  BlockCase case_;
  AdaptSpec spec_;
  AdaptedGraph adapted_;
};

TEST_P(EveryAdapter, StartsExactly) {
  if (finds_nothing() || !trial_.method->exact_start) return;
  const test::OneThread one_thread;
  BlockCase::Data leaves = rounded(case_.data(5));
  add_fresh(adapted_.graph, leaves);
  EXPECT_EQ(in_double(case_.graph, leaves), in_double(adapted_.graph, leaves));
  EXPECT_EQ(in_f32(case_.graph, leaves), in_f32(adapted_.graph, leaves));
  // With products in bf16, by the references: not every machine has them.
  EXPECT_EQ(in_double(optimised(case_.graph, true), leaves),
            in_double(optimised(adapted_.graph, true), leaves));
}

TEST_P(EveryAdapter, MergesAsItClaims) {
  if (finds_nothing() || !trial_.method->merges) return;
  const test::OneThread one_thread;
  BlockCase::Data leaves = rounded(case_.data(5));
  add_drawn(adapted_.graph, leaves, 0.3);
  const Graph merging = merging_graph(spec_, adapted_.graph, *adapted_.report);
  const Interpreted weights =
      interpret(merging, [&](const Node& n) { return leaves.at(n.scope.path); });
  BlockCase::Data plain = leaves;
  for (size_t i = 0; i < merging.outputs.size(); ++i)
    plain.at(merging.outputs[i].name) = weights.outputs[i];
  EXPECT_LE(apart(in_double(adapted_.graph, leaves), in_double(case_.graph, plain)), 1e-12);
  EXPECT_LE(apart(in_f32(adapted_.graph, leaves), in_f32(case_.graph, plain)), 1e-6);
  for (size_t i = 0; i < merging.outputs.size(); ++i)  // what is merged is not nothing
    EXPECT_NE(weights.outputs[i].data, leaves.at(merging.outputs[i].name).data);
}

// Gradients of every adapted tensor, against finite differences.
TEST_P(EveryAdapter, LearnsByTheRightGradient) {
  if (finds_nothing() || trial_.method->name == "dora") return;  // its norm counts as a constant
  BlockCase c("- " + trial_.block.sample.yaml, trial_.block.sample.domain,
              trial_.block.sample.shape);
  const Graph plain = std::move(c.graph);
  AdaptedGraph adapted = with_adapters(spec_, plain, c.blocks, true);
  c.graph = std::move(adapted.graph);
  c.out.x = c.graph.value(c.graph.outputs[0].port);
  c.in.x = c.graph.value({*c.graph.find(Role::kInput, "x"), 0});
  EXPECT_LT(block_gradient_error(c, 1), 1e-6);
}

std::string name_of_trial(const testing::TestParamInfo<AdapterTrial>& info) {
  return str(info.param.method->name, "_", info.param.block.block->name, "_", info.index);
}

INSTANTIATE_TEST_SUITE_P(Methods, EveryAdapter, testing::ValuesIn(adapter_trials()), name_of_trial);

// The family of the innermost block around a place.
std::optional<AdapterFamily> family_at(const std::map<std::string, const Block*>& blocks,
                                       std::string path) {
  while (!path.empty()) {
    if (const auto found = blocks.find(path); found != blocks.end())
      return family_of(*found->second);
    const size_t dot = path.rfind('.');
    path.resize(dot == path.npos ? 0 : dot);
  }
  return {};
}

TEST(AdapterTable, RefusesWhatItSaysAndNothingElse) {
  for (const AdapterMethod* m : builtin_adapters()) {
    std::map<AdapterFamily, int64_t> found;
    for (const BlockTrial& b : block_trials()) {
      const BlockCase c("- " + b.sample.yaml, b.sample.domain, b.sample.shape, {.training = false});
      const AdaptedGraph g = with_adapters(spec_of(*m, {"*"}), c.graph, c.blocks, false);
      for (const AdaptedPlace& place : g.report->places)
        if (const auto family = family_at(c.blocks, place.path)) ++found[*family];
    }
    for (int f = 0; f < kAdapterFamilies; ++f)
      EXPECT_EQ(found[AdapterFamily(f)] == 0, !claim_of(*m, AdapterFamily(f)).refused.empty())
          << m->name << " on " << name_of(AdapterFamily(f));
  }
}

TEST(AdapterTable, EveryMethodIsDocumented) {
  for (const AdapterMethod* m : builtin_adapters()) {
    EXPECT_FALSE(m->doc.empty()) << m->name;
    EXPECT_FALSE(m->paper.empty()) << m->name;
    for (const FieldInfo& f : m->attrs.describe()) EXPECT_FALSE(f.doc.empty()) << f.name;
  }
}
}  // namespace
}  // namespace cambium::every_adapter_test
