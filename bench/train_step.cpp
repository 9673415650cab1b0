// Times whole training steps of a spec, and says which nodes they spend their time in.
// usage: train_step SPEC [--steps N] [--threads N] [--nodes N] [--set a.b=v]...
// Prints one JSON line: spec, median and fastest step in ms, FLOP rate, parameters, peak memory;
// with
// --nodes N, the N slowest nodes after it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "data/loader.h"
#include "ops/support/dnnl.h"
#include "train/evaluate.h"
#include "train/plans.h"
#include "train/step_graph.h"

namespace cambium {
namespace {
struct Options {
  std::string spec;
  std::vector<std::string> overrides;
  int steps = 20, threads = 0, nodes = 0;
};

Options parse(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool option = word.starts_with("--");
    require(!option || i + 1 < argc, word, " needs a value");
    if (word == "--set")
      o.overrides.emplace_back(argv[++i]);
    else if (word == "--steps")
      o.steps = std::stoi(argv[++i]);
    else if (word == "--threads")
      o.threads = std::stoi(argv[++i]);
    else if (word == "--nodes")
      o.nodes = std::stoi(argv[++i]);
    else if (option)
      throw UserError(str("unknown option ", word));
    else
      o.spec = word;
  }
  require(!o.spec.empty(),
          "usage: train_step SPEC [--steps N] [--threads N] [--nodes N] [--set a=v]");
  return o;
}

template <class T> void set_scalar(Executor& executor, std::string_view name, T value) {
  if (!executor.has_input(name)) return;
  std::memcpy(executor.input(name).data(), &value, sizeof value);
}

void set_step(Executor& executor, int64_t number) {
  set_scalar(executor, "lr", 1e-4f);
  set_scalar(executor, "step", number);
  if (executor.has_input("rng")) {
    const int64_t rng[2] = {0, number};
    std::memcpy(executor.input("rng").data(), rng, sizeof rng);
  }
}

void print_nodes(const Executor& executor, int count) {
  std::vector<StepProfile> profile = executor.profile();
  std::ranges::sort(profile, std::greater{}, &StepProfile::total_ms);
  double all_ms = 0;
  for (const StepProfile& p : profile) all_ms += p.total_ms;
  const Plan& plan = executor.plan();
  for (int i = 0; i < std::min<int>(count, int(profile.size())); ++i) {
    const StepProfile& p = profile[size_t(i)];
    const Node& n = plan.graph.node(p.node);
    const auto step = std::ranges::find(plan.steps, p.node, &PlanStep::node);
    std::printf("%7.3f ms %5.1f %%  %-22s %-40s %-14s %s\n", p.total_ms / double(p.runs),
                100 * p.total_ms / all_ms, std::string(n.kind()).c_str(), n.scope.path.c_str(),
                n.outputs[0].text().c_str(), step->kernel.impl.c_str());
  }
}

void run(const Options& o) {
  if (o.threads > 0) set_thread_count(o.threads);
  const auto begin = std::chrono::steady_clock::now();
  const Experiment e = open_experiment(load_spec(o.spec, o.overrides));
  Engine engine;
  const TrainPlans plans = compile_plans(e, engine);
  Store store;
  store.add(plans.step, 1);
  Executor executor(plans.step, store);
  Loader loader(*e.data, Split::kTrain,
                {.order = {.batch = e.train.options.batch, .drop_last = true}});
  const auto since = [](auto start) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
        .count();
  };
  std::vector<double> times_ms;
  double first_ms = 0;
  for (int i = 0; i < o.steps + 3; ++i) {
    const auto start = std::chrono::steady_clock::now();
    feed(executor, loader.next());
    set_step(executor, i + 1);
    executor.run();
    if (i == 0) first_ms = since(begin);
    if (i >= 3) times_ms.push_back(since(start));
  }
  std::ranges::sort(times_ms);
  const double median_ms = times_ms[times_ms.size() / 2];
  const StepCost cost = step_cost(e);
  const Json line = {{"spec", o.spec},
                     {"side", "cambium"},
                     {"median_ms", median_ms},
                     {"fastest_ms", times_ms.front()},
                     {"gflops_per_s", cost.flops_per_step / median_ms / 1e6},
                     {"first_step_after_ms", first_ms},
                     {"parameters", cost.parameters},
                     {"peak_mb", peak_resident_bytes() >> 20}};
  std::printf("%s\n", line.dump().c_str());
  if (o.nodes == 0) return;
  executor.set_profiling(true);
  for (int i = 0; i < o.steps; ++i) executor.run();
  print_nodes(executor, o.nodes);
}
}  // namespace
}  // namespace cambium

int main(int argc, char** argv) {
  try {
    cambium::run(cambium::parse(argc, argv));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "train_step: %s\n", e.what());
    return 1;
  }
}
