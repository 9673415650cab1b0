// What every optimizer must keep, generated from the table.
#include <cmath>

#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::every_optimizer_test {
namespace {
using test::markov_spec;
using test::open_text;
using test::Remember;
using test::TempFolder;

class EveryOptimizer : public testing::TestWithParam<const Optimizer*> {
 protected:
  Experiment open(const std::string& more) const {
    return open_text(folder_, markov_spec(str("{optimizer: ", GetParam()->name,
                                              ", batch: 8, seed: 3, ", more, "}")));
  }

  TempFolder folder_;
  test::OneThread one_thread_;
};

TEST_P(EveryOptimizer, IsDocumented) {
  const Optimizer& o = *GetParam();
  EXPECT_FALSE(o.doc.empty());
  EXPECT_FALSE(o.paper.empty());
  for (const FieldInfo& f : o.attrs.describe()) {
    EXPECT_FALSE(f.doc.empty()) << f.name;
    if (f.type == "number") {
      EXPECT_FALSE(std::isinf(f.min)) << f.name;
    }
  }
}

TEST_P(EveryOptimizer, ResumesBitForBit) {
  const Experiment e = open("steps: 9, eval_every: 3, clip: 1");
  Remember progress;
  const RunResult a = run_training(e, {.folder = folder_.path("a")}, progress);
  const auto stop = [left = 4]() mutable { return --left <= 0; };
  run_training(e, {.folder = folder_.path("b"), .stop = stop}, progress);
  const RunResult b = run_training(e, {.folder = folder_.path("b"), .resume = true}, progress);
  EXPECT_EQ(a.test, b.test);
  EXPECT_EQ(read_file(folder_.path("a/log.jsonl")), read_file(folder_.path("b/log.jsonl")));
  EXPECT_EQ(read_file(folder_.path("a/checkpoints/step-9.safetensors")),
            read_file(folder_.path("b/checkpoints/step-9.safetensors")));
}

TEST_P(EveryOptimizer, Learns) {
  const Experiment e = open("steps: 120, schedule: {constant: {warmup: 5}}");
  const double chance = std::log(6.0);
  Remember progress;
  const RunResult r = run_training(e, {}, progress);
  EXPECT_LT(progress.evaluations.back().metrics.loss, progress.losses.front());
  // Lion's rate is small by default; the others are well on their way.
  if (GetParam()->name != "lion") {
    EXPECT_LT(r.test->loss, chance);
  }
}

TEST_P(EveryOptimizer, AccumulatesAndTakesGroups) {
  const Experiment e = open(
      "accumulate: 2, steps: 3, clip_value: 0.1,"
      " groups: [{match: \"*ffn*\", lr_scale: 0, weight_decay: 0}]");
  Remember progress;
  run_training(e, {.folder = folder_.path("run")}, progress);
  const auto tensors = load_checkpoint(folder_.path("run")).tensors;
  const std::string name = "residual.ffn.up.weight";
  ASSERT_TRUE(tensors.contains(name)) << "parameters were renamed";
  Tensor start(tensors.at(name).type());
  const Graph g = model_graph(e, 1, true);
  for (const Node& n : g.nodes())
    if (n.role == Role::kParameter && n.scope.path == name)
      initialise(start, n.parameter.init, 3, name);
  // Without a rate they stay where they were; schedule-free interpolates, which may round.
  for (size_t i = 0; i < start.f32().size(); ++i)
    ASSERT_NEAR(tensors.at(name).f32()[i], start.f32()[i], 1e-7);
}

class EverySchedule : public testing::TestWithParam<const Schedule*> {
  test::OneThread one_thread_;
};

// The rate follows the step and, for plateau, the evaluations: both survive a stop.
TEST_P(EverySchedule, ResumesBitForBit) {
  const TempFolder folder;
  const bool reacts = GetParam()->observe != nullptr;
  const std::string options = reacts ? "{warmup: 2, patience: 0, threshold: 0.02}" : "{warmup: 2}";
  const Experiment e = open_text(
      folder, markov_spec(str("{optimizer: {sgd: {lr: 0.3}}, batch: 8, steps: 12, eval_every: 1,"
                              " log_every: 1, schedule: {",
                              GetParam()->name, ": ", options, "}}")));
  Remember progress;
  const RunResult a = run_training(e, {.folder = folder.path("a")}, progress);
  for (int session = 0; session < 2; ++session) {
    const auto stop = [left = 5]() mutable { return --left <= 0; };
    run_training(e, {.folder = folder.path("b"), .resume = true, .stop = stop}, progress);
  }
  const RunResult b = run_training(e, {.folder = folder.path("b"), .resume = true}, progress);
  EXPECT_EQ(a.state.schedule, b.state.schedule);
  EXPECT_EQ(a.state.schedule.scale < 1, reacts);
  EXPECT_EQ(read_file(folder.path("a/log.jsonl")), read_file(folder.path("b/log.jsonl")));
}

// The dataset of another experiment without its validation split.
class WithoutValidation : public Dataset {
 public:
  explicit WithoutValidation(std::shared_ptr<const Dataset> all) : all_(std::move(all)) {}

  DataShape shape(int64_t batch) const override { return all_->shape(batch); }

  int64_t count(Split s) const override { return s == Split::kValidation ? 0 : all_->count(s); }

  void read(Split s, std::span<const int64_t> i, uint64_t seed, Batch& into) const override {
    all_->read(s, i, seed, into);
  }

  std::vector<std::pair<std::string, ArgValue>> vars() const override { return all_->vars(); }

  uint64_t content() const override { return all_->content(); }

  std::string describe() const override { return all_->describe(); }

 private:
  std::shared_ptr<const Dataset> all_;
};

TEST(Plateau, NeedsEvaluations) {
  const TempFolder folder;
  const auto data = open_text(folder, markov_spec("{batch: 8, steps: 2}")).data;
  replace_file(folder.path("s.yaml"), markov_spec("{batch: 8, steps: 2, schedule: plateau}"));
  try {
    open_experiment(load_spec(folder.path("s.yaml")), std::make_shared<WithoutValidation>(data));
    FAIL() << "no error";
  } catch (const UserError& e) {
    EXPECT_STREQ(
        e.what(),
        "schedule 'plateau' follows the validation metric, and the data has no such split");
    EXPECT_EQ(e.mark.line, 6);
  }
}

INSTANTIATE_TEST_SUITE_P(Schedules, EverySchedule,
                         testing::ValuesIn(builtin_schedules().begin(), builtin_schedules().end()),
                         [](const auto& info) { return std::string(info.param->name); });
INSTANTIATE_TEST_SUITE_P(Optimizers, EveryOptimizer,
                         testing::ValuesIn(builtin_optimizers().begin(),
                                           builtin_optimizers().end()),
                         [](const auto& info) { return std::string(info.param->name); });
}  // namespace
}  // namespace cambium::every_optimizer_test
