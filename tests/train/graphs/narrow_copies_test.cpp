// Copies of parameters in bf16: the same bits as a cast at the start of every step gives.
#include "train/graphs/narrow_copies.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "tests/support/machine/needs_bf16.h"
#include "tests/support/tiny_experiment.h"
#include "train/graphs/pipeline.h"
#include "train/run/evaluate.h"
#include "train/run/session.h"

namespace cambium::test::narrow_copies_test {
namespace {
std::string spec(const std::string& train, const std::string& beside_ffn = "") {
  return "precision: bf16\n"
         "data: {in_context_recall: {vocab: 16, length: 32, train: 64, val: 32, test: 32}}\n"
         "model:\n"
         "  - embed: 64\n"
         "  - residual: [{norm: layer}, {ffn: {expand: 2, activation: gelu, dropout: 0.1}" +
         beside_ffn +
         "}]\n"
         "  - linear: $classes\n"
         "train: {batch: 16, steps: 6, " +
         train + "}\n";
}

bool is_cast(const Node& n) {
  return n.op && n.op->name == "cast";
}

int64_t late_casts(const Graph& g) {
  return std::ranges::count_if(
      g.nodes(), [](const Node& n) { return is_cast(n) && n.scope.phase == Phase::kUpdate; });
}

int64_t copies(const Plan& plan) {
  return std::ranges::count_if(plan.store, [](const Leaf& l) { return !l.copy_of.empty(); });
}

TEST(NarrowCopies, TheStepReadsThemAndTheOptimizerWritesThem) {
  CAMBIUM_NEEDS_BF16;
  const TempFolder folder;
  const Experiment e = open_text(folder, spec("optimizer: adamw"));
  Engine engine;
  const TrainPlans plans = compile_plans(e, engine);
  EXPECT_EQ(copies(plans.step), 3);  // ffn.up, ffn.down and the head
  EXPECT_EQ(narrow_parameters(plans.step.graph), ParameterNames());
  EXPECT_EQ(late_casts(plans.step.graph), 0) << "AdamW writes them itself";
  const Graph& g = plans.step.graph;
  for (const Update& u : g.updates)
    if (!g.node(u.node).copy_of.empty()) {
      EXPECT_EQ(g.node(u.value.node).op->name, "adam_update");
    }
}

TEST(NarrowCopies, OtherOptimizersCastWhatTheyHaveWritten) {
  CAMBIUM_NEEDS_BF16;
  const TempFolder folder;
  Engine engine;
  const TrainPlans plans =
      compile_plans(open_text(folder, spec("optimizer: {sgd: {lr: 0.1}}")), engine);
  EXPECT_EQ(late_casts(plans.step.graph), 3);
}

TEST(NarrowCopies, AFrozenParameterIsCopiedOnce) {
  CAMBIUM_NEEDS_BF16;
  const TempFolder folder;
  Engine engine;
  const TrainPlans plans =
      compile_plans(open_text(folder, spec("optimizer: adamw", ", freeze: true")), engine);
  EXPECT_EQ(copies(plans.step), 3);
  const Graph& g = plans.step.graph;
  EXPECT_EQ(std::ranges::count_if(g.updates,
                                  [&](const Update& u) { return !g.node(u.node).copy_of.empty(); }),
            1);  // the head's
}

// The plans of a run without copies.
class WithCasts {
 public:
  explicit WithCasts(const Experiment& e)
      : e_(e),
        step_plan_(compile(optimised(e, step_of(e)), engine_)),
        loader_(*e.data, Split::kTrain,
                {.order = {.batch = e.train.options.batch,
                           .seed = uint64_t(e.train.options.seed),
                           .drop_last = true}},
                Cursor{0, 0}) {
    store_.add(step_plan_, uint64_t(e.train.options.seed));
    step_ = std::make_unique<Executor>(step_plan_, store_);
    if (!step_of(e).apply) return;
    apply_plan_ = compile(step_of(e).apply->clone(), engine_);
    store_.add(*apply_plan_, 0);
    apply_ = std::make_unique<Executor>(*apply_plan_, store_);
  }

  double step(int64_t number) {
    const TrainOptions& o = e_.train.options;
    double loss = 0, scored = 0;
    for (int64_t k = 0; k < o.accumulate; ++k) {
      feed(*step_, loader_.next());
      set(*step_, "rng", std::array{o.seed, (number - 1) * o.accumulate + k + 1});
      set_rate(*step_, number);
      step_->run();
      const double weight = step_->output_scalar("scored");
      loss += step_->output_scalar("loss") * weight;
      scored += weight;
    }
    loss /= scored;
    if (!apply_) return loss;
    set_rate(*apply_, number);
    apply_->run();
    return loss;
  }

 private:
  template <class T> static void set(Executor& x, std::string_view name, const T& values) {
    if (x.has_input(name)) std::memcpy(x.input(name).data(), values.data(), sizeof values);
  }

  void set_rate(Executor& x, int64_t number) {
    set(x, "lr", std::array{float(e_.train.lr(number, e_.total_steps()))});
    set(x, "step", std::array{number});
  }

  const Experiment& e_;
  Engine engine_;
  Plan step_plan_;
  std::optional<Plan> apply_plan_;
  Store store_;
  std::unique_ptr<Executor> step_, apply_;
  Loader loader_;
};

class NarrowCopiesOf : public testing::TestWithParam<const char*> {
 protected:
  TempFolder folder_;
};

TEST_P(NarrowCopiesOf, HoldTheBitsThatACastWouldGive) {
  CAMBIUM_NEEDS_BF16;
  const Experiment e = open_text(folder_, spec(GetParam()));
  WithCasts casts(e);
  Session session(e, usable_memory_bytes());
  session.start(0);
  std::vector<double> losses;
  for (int64_t number = 1; number <= 6; ++number) {
    losses.push_back(session.step(number).loss);
    EXPECT_EQ(losses.back(), casts.step(number)) << "step " << number;
  }
  EXPECT_NE(losses.front(), losses.back());
}

// A run that stops and goes on ends like one that does not, and saves no copies.
void expect_resumes(const TempFolder& folder, const std::string& train) {
  const Experiment e = open_text(folder, spec(train));
  Remember progress;
  run_training(e, {.folder = folder.path("whole")}, progress);
  const auto stop = [left = 3]() mutable { return --left <= 0; };
  run_training(e, {.folder = folder.path("parts"), .stop = stop}, progress);
  run_training(e, {.folder = folder.path("parts"), .resume = true}, progress);
  EXPECT_EQ(read_file(folder.path("whole/log.jsonl")), read_file(folder.path("parts/log.jsonl")));
  for (const auto& [name, t] : load_checkpoint(folder.path("whole")).tensors)
    EXPECT_EQ(t.type().dtype, DType::kF32) << name;
}

TEST_P(NarrowCopiesOf, FollowACheckpoint) {
  CAMBIUM_NEEDS_BF16;
  expect_resumes(folder_, GetParam());
}

TEST(NarrowCopies, FollowACheckpointWithThePlanOfTheCurvature) {
  CAMBIUM_NEEDS_BF16;
  expect_resumes(TempFolder(), "optimizer: {sophia: {lr: 1e-3}}");
}

INSTANTIATE_TEST_SUITE_P(Optimizers, NarrowCopiesOf,
                         testing::Values("optimizer: {adamw: {lr: 3e-3}}",
                                         "optimizer: {sgd: {lr: 0.1}}",
                                         "optimizer: {muon: {head: muon}}",
                                         "optimizer: {schedule_free_adamw: {lr: 3e-3}}",
                                         "optimizer: {adamw: {lr: 3e-3}}, accumulate: 2",
                                         "optimizer: {adamw: {lr: 3e-3}}, ema: 0.9"));

TEST(NarrowCopies, AreMadeAnewWhenTheBestWeightsComeBack) {
  CAMBIUM_NEEDS_BF16;
  const TempFolder folder;
  const Experiment e = open_text(folder, spec("optimizer: {adamw: {lr: 0.1}}, eval_every: 1"));
  const auto second_loss = [&](bool back) {
    Session session(e, usable_memory_bytes());
    session.start(0);
    session.keep_as_best();  // what training starts from
    for (int64_t number = 1; number <= 3; ++number) session.step(number);
    if (back) session.use_best();
    session.start(0);
    return session.step(1).loss;
  };
  Session fresh(e, usable_memory_bytes());
  fresh.start(0);
  EXPECT_EQ(second_loss(true), fresh.step(1).loss);
  EXPECT_NE(second_loss(false), second_loss(true));
}
}  // namespace
}  // namespace cambium::test::narrow_copies_test
