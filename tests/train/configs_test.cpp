// Every file of configs/models is parsed, built, compiled and trained for one step.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "ops/support/dnnl.h"
#include "tests/support/test_data.h"
#include "train/session.h"

namespace cambium {
namespace {
std::vector<std::string> model_files() {
  std::vector<std::string> files;
  for (const auto& f : std::filesystem::directory_iterator(CAMBIUM_SOURCE_DIR "/configs/models"))
    if (f.path().extension() == ".yaml") files.push_back(f.path().string());
  std::ranges::sort(files);
  return files;
}

std::string name_of(const ::testing::TestParamInfo<std::string>& info) {
  return std::filesystem::path(info.param).stem().string();
}

// The config on four examples a batch; a graph's config gets its folder from the test data.
Experiment open_small(const std::string& file) {
  const Spec spec = load_spec(file);
  const Yaml* vars = spec.section("vars");
  if (vars && vars->find("cora"))
    return open_experiment(
        load_spec(file, std::vector{"vars.cora=" + test::data_path("graphs/planetoid_cora")}));
  return open_experiment(load_spec(file, std::vector<std::string>{"train.batch=4"}));
}

// Steps that run oneDNN's plain loops over more than 64 KiB: hundreds of times slower than ours.
std::string slow_steps(const Plan& plan) {
  std::string out;
  for (const PlanStep& step : plan.steps) {
    int64_t bytes = 0;
    for (const auto* slots : {&step.in, &step.out})
      for (const Slot& slot : *slots) bytes += slot.type.bytes();
    if (is_reference_impl(step.kernel.impl) && bytes > 65536)
      out += str(plan.graph.node(step.node).kind(), " ", step.kernel.impl, "\n");
  }
  return out;
}

class Config : public ::testing::TestWithParam<std::string> {};

TEST_P(Config, TrainsOneStep) {
  std::unique_ptr<Experiment> e;
  try {
    e = std::make_unique<Experiment>(open_small(GetParam()));
  } catch (const UserErrors& errors) {
    const std::string what = errors.what();
    if (what.find("no such file") == std::string::npos) throw;
    GTEST_SKIP() << what;
  }
  Session session(*e, std::numeric_limits<int64_t>::max());
  EXPECT_EQ(slow_steps(session.executors()[0]->plan()), "");
  session.start(0);
  const StepOutcome out = session.step(1);
  EXPECT_TRUE(std::isfinite(out.loss));
  EXPECT_GT(out.grad_norm, 0);
  const Metrics m = session.evaluate_on(Split::kValidation, 1);
  EXPECT_GT(m.scored, 0);
  EXPECT_TRUE(std::isfinite(m.loss));
}

INSTANTIATE_TEST_SUITE_P(Models, Config, ::testing::ValuesIn(model_files()), name_of);
}  // namespace
}  // namespace cambium
