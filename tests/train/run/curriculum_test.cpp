// Mixtures that change over a training, and sources that count unlike in its loss.
#include <cmath>
#include <map>

#include "core/text/json.h"
#include "data/corpus/stages.h"
#include "data/corpus/windows.h"
#include "data/mixture.h"
#include "data/sampler.h"
#include "tests/support/data/two_sources.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_experiment.h"
#include "train/graphs/step_graph.h"
#include "train/record/run_record.h"
#include "train/run/checkpoint.h"
#include "train/run/evaluate.h"

namespace cambium::curriculum_test {
namespace {
using test::open_text;
using test::TempFolder;

std::string spec_of(const std::string& corpus, const std::string& options,
                    const std::string& train = "batch: 8, steps: 30") {
  return str("data: {corpus: {path: ", corpus, ", context: 16, shuffle: 4", options,
             "}}\nmodel: [{embed: 8}, {linear: $classes}]\n"
             "train: {optimizer: {adamw: {lr: 1e-2}}, ",
             train, "}\n");
}

constexpr const char* kStages =
    ", mixture: [{until: 50%, digits: 1}, {digits: 0.25, letters: 0.75}]";

// Of each window of an epoch whether it is of digits.
std::vector<bool> digits_of(const Dataset& data, const EpochPlace& place, int64_t windows) {
  const auto stream = epoch_stream(data, place);
  Batch one = allocate_batch(data.shape(1));
  std::vector<bool> out;
  for (int64_t i = 0; i < windows; ++i) {
    stream->next(1, one);
    const std::string text =
        data.decode(std::vector<int32_t>(one.x.i32().begin(), one.x.i32().end()));
    out.push_back(text.find_first_of("abcdefghijklmnopqrstuvwxyz") == text.npos);
  }
  return out;
}

TEST(Curriculum, SharesChangeWhereItSays) {
  const TempFolder folder;
  const Experiment e = open_text(folder, spec_of(test::two_sources(folder), kStages));
  const std::vector<bool> of = digits_of(*e.data, {.seed = 5, .first = 0, .total = 240}, 240);
  EXPECT_EQ(std::count(of.begin(), of.begin() + 120, true), 120);
  EXPECT_EQ(std::count(of.begin() + 120, of.end(), true), 30);
  // An epoch that begins behind the change, and one whose training is not known.
  const std::vector<bool> later = digits_of(*e.data, {.seed = 6, .first = 130, .total = 240}, 40);
  EXPECT_EQ(std::count(later.begin(), later.end(), true), 10);
  const int64_t epoch = e.data->count(Split::kTrain);
  const std::vector<bool> alone = digits_of(*e.data, {.seed = 6}, epoch);
  EXPECT_NEAR(double(std::count(alone.begin(), alone.begin() + epoch / 2, true)), double(epoch / 2),
              4);
}

TEST(Curriculum, EndsMayBeWindows) {
  const TempFolder folder;
  const Experiment e =
      open_text(folder, spec_of(test::two_sources(folder),
                                ", mixture: [{until: 20, letters: 1}, {until: 0.04k, digits: 1}, "
                                "{digits: 1, letters: 1}]"));
  const std::vector<bool> of = digits_of(*e.data, {.seed = 1, .first = 0, .total = 60}, 60);
  EXPECT_EQ(std::count(of.begin(), of.begin() + 20, true), 0);
  EXPECT_EQ(std::count(of.begin() + 20, of.begin() + 40, true), 20);
  EXPECT_EQ(std::count(of.begin() + 40, of.end(), true), 10);
}

TEST(Curriculum, TurnsFollowSharesThroughStages) {
  Turns turns({{.end = 10, .weights = {1, 3}}, {.weights = {3, 1}}});
  std::vector<int64_t> given(2, 0);
  for (int i = 0; i < 10; ++i) ++given[turns.next()];
  EXPECT_NEAR(double(given[0]), 2.5, 0.51);
  for (int i = 0; i < 30; ++i) ++given[turns.next()];
  EXPECT_NEAR(double(given[0]), 25, 0.51);
}

// Stopped in the first stage, and gone on with through the second: the same bits.
TEST(Curriculum, ResumesBitForBit) {
  const TempFolder folder;
  const std::string corpus = test::two_sources(folder);
  const std::string train = "batch: 8, steps: 30, eval_every: 10, log_every: 1";
  const Experiment e = open_text(folder, spec_of(corpus, kStages, train));
  test::Remember whole, parts;
  run_training(e, {.folder = folder.path("whole")}, whole);
  for (const int64_t stop : {7, 16, 23})
    run_training(e, {.folder = folder.path("parts"), .resume = true, .pause_at = stop}, parts);
  run_training(e, {.folder = folder.path("parts"), .resume = true}, parts);
  EXPECT_EQ(parts.losses, whole.losses);
  EXPECT_EQ(read_file(folder.path("parts/log.jsonl")), read_file(folder.path("whole/log.jsonl")));
}

TEST(Curriculum, HowOftenASourceIsReadIsCountedAndBounded) {
  const TempFolder folder;
  const std::string corpus = test::two_sources(folder);
  const Experiment e = open_text(folder, spec_of(corpus, kStages));
  double digits = 0;
  for (const MixedSource& s : mixture_of(*e.data, 240, 240)) {
    const double windows = s.name == "digits" ? 150 : 90;
    EXPECT_DOUBLE_EQ(s.share, windows / 240);
    EXPECT_DOUBLE_EQ(s.passes, windows * 16 / double(s.symbols));
    if (s.name == "digits") digits = s.passes;
  }
  for (const MixedSource& s : mixture_of(*e.data, 60, 240))
    EXPECT_EQ(s.share, s.name == "digits" ? 1 : 0);
  test::Remember seen;
  const RunResult r = run_training(e, {.folder = folder.path("run")}, seen);
  const RunRecord record = *read_run_record(folder.path("run"));
  ASSERT_EQ(record.passes.size(), 2u);
  for (const auto& [name, times] : record.passes)
    if (name == "digits") {
      EXPECT_DOUBLE_EQ(times, digits);
    }
  EXPECT_NE(passes_text(r.sources).find("digits "), std::string::npos);
  // What stages come to together is what most_epochs bounds.
  const auto with_most = [&](double most) {
    open_text(folder, spec_of(corpus, str(kStages, ", most_epochs: ", most)));
  };
  EXPECT_NO_THROW(with_most(digits * 1.001));
  const auto error = test::error_of([&] { with_most(digits * 0.99); });
  EXPECT_EQ(std::string(error.what()).find("source 'digits' of "), 0u) << error.what();
}

TEST(Curriculum, ATakenFurtherRunIsToldThatItIsNoneOfThatLength) {
  const TempFolder folder;
  const std::string corpus = test::two_sources(folder);
  test::Remember seen;
  run_training(open_text(folder, spec_of(corpus, kStages)), {.folder = folder.path("run")}, seen);
  const RunResult further =
      run_training(open_text(folder, spec_of(corpus, kStages), {"train.steps=60"}),
                   {.folder = folder.path("run"), .resume = true}, seen);
  EXPECT_NE(further.other_length.find("its mixture changes at shares of the training"),
            std::string::npos)
      << further.other_length;
}

std::string refusal(const TempFolder& folder, const std::string& options) {
  return test::error_of([&] { open_text(folder, spec_of(folder.path("built"), options)); }).what();
}

TEST(Curriculum, MistakesAreRefused) {
  const TempFolder folder;
  test::two_sources(folder, 60);
  const auto says = [&](const std::string& options) { return refusal(folder, options); };
  EXPECT_EQ(says(", mixture: [{until: 50%, digits: 1}, {until: 80%, letters: 1}]"),
            "corpus: the last stage has an end, and nothing says what follows");
  EXPECT_EQ(says(", mixture: [{until: 50%, digits: 1}, {letters: 1}, {digits: 1}]"),
            "corpus: stage 2 has no end, and others follow it");
  EXPECT_EQ(says(", mixture: [{until: 50%, digits: 1}, {until: 40%, letters: 1}, {digits: 1}]"),
            "corpus: stage 2 ends where the one before it does, or before");
  EXPECT_EQ(says(", mixture: [{until: 50%, digits: 1}, {until: 9k, letters: 1}, {digits: 1}]"),
            "corpus: some stages end at a share of the training, others at examples");
  EXPECT_EQ(says(", mixture: [{until: 150%, digits: 1}, {letters: 1}]"),
            "corpus: a stage ends at '150%'");
  EXPECT_EQ(says(", mixture: [{until: 50%, digit: 1}, {letters: 1}]"),
            "corpus: the corpus has no source 'digit'");
  EXPECT_EQ(says(", mixture: [{until: 50%}, {letters: 1}]"), "corpus: no source has a share");
  EXPECT_EQ(says(", weights: {digit: 2}"), "corpus: the corpus has no source 'digit'");
  EXPECT_EQ(says(", weights: {digits: -1}"),
            "corpus: what stands for 'digits' is no number from 0 on");
  EXPECT_EQ(says(", mixture: {digits: 1}, weights: {digits: 0}"),
            "corpus: all that is read counts as nothing, so nothing would be learnt");
}

// The first loss is the weighted mean over the targets of the first batch, by hand.
TEST(SourceWeights, WeighTheTrainingLossAndNotTheValidation) {
  const TempFolder folder;
  const Experiment e =
      open_text(folder, spec_of(test::two_sources(folder), ", weights: {digits: 3, letters: 0.5}"));
  test::Remember seen;
  run_training(e, {.folder = folder.path("run"), .pause_at = 1}, seen);
  Engine engine;
  const Plan plan = compile(evaluation_graph(e, 1), engine);
  Store store;
  store.add(plan, uint64_t(e.train.options.seed));
  Executor executor(plan, store);
  const auto stream = epoch_stream(*e.data, {.seed = epoch_seed(uint64_t(e.train.options.seed), 0),
                                             .first = 0,
                                             .total = e.training_examples()});
  Batch one = allocate_batch(e.data->shape(1));
  double sum = 0, all = 0, plain = 0;
  std::map<int32_t, int> groups;
  for (int i = 0; i < 8; ++i) {
    stream->next(1, one);
    feed(executor, one);
    executor.run();
    const int32_t group = one.group.i32()[0];
    const double weight = e.data->shape(1).group_weights[size_t(group)];
    sum += weight * executor.output_scalar("loss");
    plain += executor.output_scalar("loss") / 8;
    all += weight;
    ++groups[group];
  }
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_NEAR(seen.losses.at(0), sum / all, 1e-5);
  EXPECT_GT(std::abs(sum / all - plain), 1e-5);
}

std::vector<double> losses_with(const TempFolder& folder, const std::string& options,
                                const std::string& train) {
  const Experiment e = open_text(folder, spec_of(folder.path("built"), options, train));
  test::Remember seen;
  run_training(e, {}, seen);
  return seen.losses;
}

TEST(SourceWeights, EqualOnesChangeNothingAndAccumulationIsTheSame) {
  const TempFolder folder;
  test::two_sources(folder);
  const std::string train = "batch: 8, steps: 12", parts = "batch: 4, accumulate: 2, steps: 12";
  const std::vector<double> plain = losses_with(folder, "", train),
                            twice =
                                losses_with(folder, ", weights: {digits: 2, letters: 2}", train),
                            weighed = losses_with(folder, ", weights: {digits: 3}", train),
                            gathered = losses_with(folder, ", weights: {digits: 3}", parts);
  double apart = 0;
  for (size_t i = 0; i < plain.size(); ++i) {
    EXPECT_NEAR(twice[i], plain[i], 2e-5) << i;
    EXPECT_NEAR(gathered[i], weighed[i], 2e-4) << i;
    apart = std::max(apart, std::abs(weighed[i] - plain[i]));
  }
  EXPECT_GT(apart, 1e-3);
}

// A source that counts as nothing teaches nothing: its loss stays where it was, while the other's
// falls.
TEST(SourceWeights, NothingIsLearntFromASourceOfWeightZero) {
  const TempFolder folder;
  test::two_sources(folder);
  const Experiment e = open_text(folder, spec_of(folder.path("built"),
                                                 ", mixture: {digits: 1, letters: 1}, weights: "
                                                 "{letters: 0}",
                                                 "batch: 8, steps: 40, eval_every: 20"));
  test::Remember seen;
  run_training(e, {.folder = folder.path("run")}, seen);
  const Metrics& m = seen.evaluations.back().metrics;
  EXPECT_LT(m.at("loss.source.digits"), 3.5);
  EXPECT_GT(m.at("loss.source.letters"), std::log(257.0));
}
}  // namespace
}  // namespace cambium::curriculum_test
