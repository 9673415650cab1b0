// Times whole training steps of a spec. (Which nodes they spend their time in: cambium profile.)
// usage: train_step SPEC [--steps N] [--threads N] [--set a.b=v]...
// Prints one JSON line: spec, median and fastest step in ms, FLOP rate, parameters, peak memory,
// and the time until everything was ready with the part of it that opening the data takes.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "core/system/clock.h"
#include "core/system/memory.h"
#include "core/system/parallel.h"
#include "core/text/json.h"
#include "train/profile/roofline.h"
#include "train/run/session.h"

namespace cambium {
namespace {
constexpr int kWarmUp = 3;

struct Options {
  std::string spec;
  std::vector<std::string> overrides;
  int steps = 20, threads = 0;
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
    else if (option)
      throw UserError(str("unknown option ", word));
    else
      o.spec = word;
  }
  require(!o.spec.empty(), "usage: train_step SPEC [--steps N] [--threads N] [--set a.b=v]...");
  return o;
}

// What open_experiment would open; null when the spec has mistakes, which that will tell.
std::shared_ptr<const Dataset> open_data(const Spec& spec) {
  Diagnostics errors;
  const Vars vars = vars_of(spec);
  const TrainSpec train = parse_train(spec.section("train"), vars, errors);
  const Yaml* data = spec.section("data");
  if (!data) return nullptr;
  return open_dataset(*data, vars, uint64_t(train.options.data_seed));
}

void run(const Options& o) {
  if (o.threads > 0) set_thread_count(o.threads);
  const Stopwatch begin;
  Spec spec = load_spec(o.spec, o.overrides);
  const Stopwatch opening;
  auto data = open_data(spec);
  const double data_ms = opening.milliseconds();
  const Experiment e = open_experiment(std::move(spec), std::move(data));
  Session session(e, usable_memory_bytes());
  session.start(0);
  std::vector<double> times_ms;
  const double ready_ms = begin.milliseconds();
  double first_ms = 0;
  for (int i = 0; i < o.steps + kWarmUp; ++i) {
    const Stopwatch step;
    session.step(i + 1);
    if (i == 0) first_ms = begin.milliseconds();
    if (i >= kWarmUp) times_ms.push_back(step.milliseconds());
  }
  std::vector<double> sorted = times_ms;
  std::ranges::sort(sorted);
  const double median_ms = sorted[sorted.size() / 2];
  const int64_t peak_bytes = peak_resident_bytes();  // before the roofline takes its own
  const StepCost cost = step_cost(e);
  const Json line = {{"spec", o.spec},
                     {"side", "cambium"},
                     {"median_ms", median_ms},
                     {"fastest_ms", sorted.front()},
                     {"times_ms", times_ms},
                     {"gflops_per_s", cost.flops_per_step / median_ms / 1e6},
                     {"gemm_peak_gflops_per_s", measure_roofline().gemm_gflops},
                     {"data_ms", data_ms},
                     {"ready_after_ms", ready_ms},
                     {"first_step_after_ms", first_ms},
                     {"parameters", cost.parameters},
                     {"peak_mb", peak_bytes >> 20}};
  std::printf("%s\n", line.dump().c_str());
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
