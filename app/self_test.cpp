#include "app/self_test.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <unistd.h>

#include "core/rng.h"
#include "core/system/files.h"
#include "graph/run/executor.h"
#include "ops/ops.h"
#include "ops/support/bf16.h"
#include "ops/support/dnnl.h"
#include "train/run/trainer.h"

namespace cambium {
namespace {
bool has_adjacency(const Op& op) {
  return op.samples.empty() || std::ranges::any_of(op.samples[0].inputs, [](const SampleInput& i) {
           return i.type.dtype == DType::kAdjacency;
         });
}

Tensor random_tensor(const SampleInput& input, Random& random) {
  Tensor t(input.type);
  const auto whole = [&] {
    return int64_t(input.lo) + int64_t(random.below(uint32_t(std::max(1.0, input.hi - input.lo))));
  };
  if (input.type.dtype == DType::kF32)
    for (float& x : t.f32())
      x = float(input.lo < input.hi ? input.lo + (input.hi - input.lo) * random.uniform()
                                    : random.normal());
  if (input.type.dtype == DType::kI32)
    for (int32_t& x : t.i32()) x = int32_t(whole());
  if (input.type.dtype == DType::kI64)
    for (int64_t& x : t.i64()) x = whole();
  return t;
}

Ref as_ref(const Tensor& t) {
  Ref r;
  if (t.type().dtype == DType::kF32) r.data.assign(t.f32().begin(), t.f32().end());
  if (t.type().dtype == DType::kI32) r.data.assign(t.i32().begin(), t.i32().end());
  if (t.type().dtype == DType::kI64) r.data.assign(t.i64().begin(), t.i64().end());
  if (t.type().dtype == DType::kBf16)
    for (int64_t i = 0; i < t.shape().count(); ++i) {
      uint16_t x = 0;
      std::memcpy(&x, t.raw().data() + 2 * i, sizeof x);
      r.data.push_back(from_bf16(x));
    }
  return r;
}

Ref as_ref(std::span<const std::byte> bytes, const ValueType& type) {
  Tensor t(type);
  if (!bytes.empty()) std::memcpy(t.data(), bytes.data(), bytes.size());
  return as_ref(t);
}

// The largest |kernel - reference| / max(1, |reference|) over all outputs.
double kernel_error(const Op& op, Engine& engine) {
  Graph g(builtin_ops());
  Random random(1, stream_of(op.name));
  std::vector<Value> in;
  std::vector<Tensor> data;
  for (const SampleInput& input : op.samples[0].inputs) {
    in.push_back(input.absent ? Value{} : g.input(str("in", in.size()), input.type));
    data.push_back(random_tensor(input, random));
  }
  const Value first = g.emit(op.name, in, op.samples[0].args);
  for (const Value& v : g.outputs_of(first.node))
    g.outputs.push_back({str("out", v.output), port_of(v)});
  const auto expected = interpret(
      g, [&](const Node& n) { return as_ref(data[size_t(std::stoul(n.scope.path.substr(2)))]); });
  const Plan plan = compile(g.clone(), engine);
  Store store;
  store.add(plan, 0);
  Executor executor(plan, store);
  for (size_t i = 0; i < data.size(); ++i)
    if (executor.has_input(str("in", i))) executor.set_input(str("in", i), data[i]);
  executor.run();
  double worst = 0;
  for (size_t k = 0; k < g.outputs.size(); ++k) {
    const Ref got = as_ref(executor.output(g.outputs[k].name), g.type(g.outputs[k].port));
    const Ref& want = expected.outputs[k];
    for (int64_t i = 0; i < want.size(); ++i)
      worst = std::max(worst, std::abs(got[i] - want[i]) / std::max(1.0, std::abs(want[i])));
  }
  return worst;
}

constexpr std::string_view kTinySpec =
    "data: {markov_text: {symbols: 5, order: 1, context: 8, train: 32, val: 8, test: 8}}\n"
    "model: [{embed: 8}, {residual: [{norm: layer}, {ffn: {expand: 2, dropout: 0.1}}]},"
    " {linear: $classes}]\n"
    "train: {batch: 4, steps: 8, log_every: 1, optimizer: {adamw: {lr: 1e-2}}}\n";
constexpr int kTinyHalf = 3;

std::string train_tiny(const Experiment& e, const std::string& folder, bool interrupted) {
  Progress silent;
  int asked = 0;
  RunSettings settings{.folder = folder, .stop = {}};
  if (interrupted) settings.stop = [&] { return ++asked == kTinyHalf; };
  run_training(e, settings, silent);
  if (interrupted) {
    settings.resume = true;
    settings.stop = {};
    run_training(e, settings, silent);
  }
  return read_file(folder + "/log.jsonl");
}
}  // namespace

Check check_kernels() {
  Check check{.name = "kernels against references"};
  Engine engine;
  for (const Op* op : builtin_ops()) {
    if (has_adjacency(*op) || op->view) continue;
    ++check.count;
    const double error = kernel_error(*op, engine);
    if (!(error <= op->tolerance))
      check.failures.push_back(str(op->name, " is off by ", error, ", allowed ", op->tolerance));
  }
  return check;
}

Check check_gradient() {
  Check check{.name = "gradients against finite differences", .count = 3};
  Graph g(builtin_ops());
  const Value x = g.input("x", {DType::kF32, {4, 5}});
  const Value target = g.input("target", {DType::kI32, {4}});
  const std::vector<Value> w = {g.parameter("a", {5, 6}, {}), g.parameter("b", {6}, {}),
                                g.parameter("c", {6, 3}, {})};
  const Value hidden = g.emit("gelu", {g.emit("linear", {x, w[0], w[1]})});
  const Value loss = g.emit("cross_entropy", {g.emit("linear", {hidden, w[2]}), target});
  const std::vector<Value> dw = grad(loss, w);
  g.outputs.push_back({"loss", port_of(loss)});
  for (const Value& d : dw) g.outputs.push_back({str("d", d.node), port_of(d)});
  // The loss at w + t * direction, where only parameter `moved` moves.
  const auto run = [&](size_t moved, double t) {
    return interpret(
               g,
               [&](const Node& n) {
                 Random random(3, stream_of(n.scope.path)), direction(4, stream_of(n.scope.path));
                 Ref r;
                 for (int64_t i = 0; i < n.outputs[0].shape.count(); ++i)
                   r.data.push_back(n.outputs[0].dtype == DType::kI32 ? double(i % 3)
                                                                      : random.normal());
                 if (n.role == Role::kParameter && n.scope.path == g.node(w[moved].node).scope.path)
                   for (double& v : r.data) v += t * direction.normal();
                 return r;
               })
        .outputs;
  };
  for (size_t k = 0; k < w.size(); ++k) {
    constexpr double step = 1e-5;
    const double numeric = (run(k, step)[0][0] - run(k, -step)[0][0]) / (2 * step);
    Random direction(4, stream_of(g.node(w[k].node).scope.path));
    double analytic = 0;
    const std::vector<Ref> here = run(k, 0);
    for (double d : here[k + 1].data) analytic += d * direction.normal();
    if (!(std::abs(numeric - analytic) <= 1e-7))
      check.failures.push_back(str("parameter ", k, ": ", analytic, ", numerically ", numeric));
  }
  return check;
}

Check check_resume() {
  Check check{.name = "stop and resume, bit for bit", .count = 1};
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / str("cambium-self-test-", ::getpid());
  make_folders(folder);

  struct Remove {
    const std::filesystem::path& path;

    ~Remove() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
  } remove{folder};

  replace_file(folder / "spec.yaml", kTinySpec);
  const Experiment e = open_experiment(load_spec(folder / "spec.yaml"));
  make_folders(folder / "whole");
  make_folders(folder / "parts");
  if (train_tiny(e, folder / "whole", false) != train_tiny(e, folder / "parts", true))
    check.failures.push_back("the loss curve of the resumed run differs");
  return check;
}
}  // namespace cambium
