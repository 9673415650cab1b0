// Losses by slice of the held-out data: of a corpus, by source.
#include "data/slices.h"

#include <map>

#include "core/text/json.h"
#include "ops/ops.h"
#include "tests/support/data/two_sources.h"
#include "tests/support/tiny_experiment.h"
#include "train/graphs/step_graph.h"
#include "train/record/run_record.h"
#include "train/run/checkpoint.h"
#include "train/run/evaluate.h"

namespace cambium::slices_test {
namespace {
using test::open_text;
using test::TempFolder;

std::string spec_of(const std::string& corpus, const std::string& more = "") {
  return str("data: {corpus: {path: ", corpus, ", context: 16, shuffle: 8", more,
             "}}\nmodel: [{embed: 8}, {linear: $classes}]\n"
             "train: {batch: 8, steps: 30, eval_every: 15, optimizer: {adamw: {lr: 1e-2}}}\n");
}

TEST(Slices, HeldOutWindowsAreOfOneSourceAndMixedInTheirShares) {
  const TempFolder folder;
  const Experiment e = open_text(folder, spec_of(test::two_sources(folder)));
  const Slicing s = slicing_of(*e.data, Split::kValidation);
  EXPECT_EQ(s.by, "source");
  ASSERT_EQ(s.names.size(), 2u);
  ASSERT_EQ(int64_t(s.of.size()), e.data->count(Split::kValidation));
  std::vector<int64_t> all(2, 0);
  for (const int32_t k : s.of) ++all[size_t(k)];
  ASSERT_GE(std::min(all[0], all[1]), 5);
  std::vector<int64_t> first(2, 0);
  for (size_t i = 0; i < s.of.size(); ++i) {
    ++first[size_t(s.of[i])];
    const double wanted = double(all[0]) / double(s.of.size()) * double(i + 1);
    EXPECT_LE(std::abs(double(first[0]) - wanted), 1.0) << i;
    Batch one = allocate_batch(e.data->shape(1));
    e.data->read(Split::kValidation, std::vector{int64_t(i)}, 0, one);
    std::vector<int32_t> ids;
    for (const int32_t id : one.target.i32())
      if (id >= 0) ids.push_back(id);
    const std::string text = e.data->decode(ids);
    const bool digits = s.names[size_t(s.of[i])] == "digits";
    EXPECT_EQ(text.find_first_of(digits ? "abcdefghijklmnopqrstuvwxyz" : "0123456789"), text.npos)
        << text;
  }
}

TEST(Slices, BatchesHoldOneSliceAndEveryExampleOnce) {
  const Slicing s{.by = "x", .names = {"a", "b", "none"}, .of = {0, 1, 0, 0, 1, 0, 0}};
  std::vector<int64_t> seen;
  for (const SliceBatch& b : slice_batches(s, 7, 2)) {
    EXPECT_LE(b.examples.size(), 2u);
    for (const int64_t i : b.examples) {
      EXPECT_EQ(s.of[size_t(i)], int32_t(b.slice));
      seen.push_back(i);
    }
  }
  EXPECT_EQ(seen, (std::vector<int64_t>{0, 2, 3, 5, 6, 1, 4}));
  EXPECT_EQ(slice_batches(s, 2, 4).size(), 2u);
  EXPECT_EQ(slice_batches(s, 1, 4).size(), 1u);
}

// One example at a time, by hand.
TEST(Slices, LossesAreTheMeansOverTheirTargets) {
  const TempFolder folder;
  const Experiment e = open_text(folder, spec_of(test::two_sources(folder)));
  test::Remember seen;
  run_training(e, {.folder = folder.path("run")}, seen);
  const Metrics m = seen.evaluations.back().metrics;
  ASSERT_EQ(m.parts.size(), 2u);
  const Slicing s = slicing_of(*e.data, Split::kValidation);
  Engine engine;
  Store store;
  const Plan plan = compile(evaluation_graph(e, 1), engine);
  store.add(plan, 0);
  restore(store, load_checkpoint(folder.path("run")).tensors, "run");
  Executor executor(plan, store);
  std::map<std::string, double> loss, scored;
  double all = 0;
  for (int64_t i = 0; i < e.data->count(Split::kValidation); ++i) {
    Batch one = allocate_batch(e.data->shape(1));
    e.data->read(Split::kValidation, std::vector{i}, 0, one);
    feed(executor, one);
    executor.run();
    const double n = executor.output_scalar("scored");
    loss[slice_name(s, size_t(s.of[size_t(i)]))] += n * executor.output_scalar("loss");
    scored[slice_name(s, size_t(s.of[size_t(i)]))] += n;
    all += n * executor.output_scalar("loss");
  }
  double sum = 0;
  for (const PartMetrics& part : m.parts) {
    EXPECT_NEAR(part.metrics.loss, loss.at(part.name) / scored.at(part.name), 1e-5) << part.name;
    EXPECT_EQ(part.metrics.scored, int64_t(scored.at(part.name)));
    EXPECT_TRUE(part.within);
    sum += scored.at(part.name);
  }
  EXPECT_EQ(scored_in_all(m), m.scored);
  EXPECT_EQ(int64_t(sum), m.scored);
  EXPECT_NEAR(m.loss, all / sum, 1e-5);
  EXPECT_NE(m.parts[0].metrics.loss, m.parts[1].metrics.loss);
}

TEST(Slices, StandInLogRecordAndCheckpoint) {
  const TempFolder folder;
  const Experiment e = open_text(folder, spec_of(test::two_sources(folder)));
  test::Remember seen;
  const RunResult r = run_training(e, {.folder = folder.path("run")}, seen);
  const std::string log = read_file(folder.path("run/log.jsonl"));
  EXPECT_NE(log.find("\"val.loss.source.digits\""), log.npos);
  const RunRecord record = *read_run_record(folder.path("run"));
  ASSERT_TRUE(record.test && record.final);
  EXPECT_TRUE(record.test->find("test.loss.source.letters"));
  EXPECT_TRUE(record.final->find("val.loss.source.letters"));
  EXPECT_EQ(load_checkpoint(folder.path("run")).state.evaluated, r.state.evaluated);
  EXPECT_NE(to_text(*r.test).find("; source.letters: loss "), std::string::npos)
      << to_text(*r.test);
  EXPECT_EQ(slice_metrics(*e.data),
            (std::vector<std::string>{"val.loss.source.letters", "val.loss.source.digits"}));
}

TEST(Slices, FewBatchesHoldBothSources) {
  const TempFolder folder;
  const Experiment e =
      open_text(folder, spec_of(test::two_sources(folder)), {"train.eval_batches=1"});
  test::Remember seen;
  run_training(e, {}, seen);
  EXPECT_EQ(seen.evaluations.back().metrics.parts.size(), 2u);
  EXPECT_EQ(seen.evaluations.back().metrics.scored, 8 * 16);
}

// A set of its own may have sources too.
TEST(Slices, EvaluationSetsHaveThem) {
  const TempFolder folder;
  const std::string corpus = test::two_sources(folder);
  const Experiment e = open_text(folder, str("evaluate: {both: {corpus: {path: ", corpus,
                                             ", context: 16}}}\n", spec_of(corpus)));
  test::Remember seen;
  run_training(e, {.folder = folder.path("run")}, seen);
  const Metrics m = seen.evaluations.back().metrics;
  ASSERT_EQ(m.parts.size(), 5u);
  EXPECT_EQ(m.parts[2].name, "both");
  EXPECT_EQ(m.parts[3].name, "both.source.letters");
  EXPECT_EQ(m.parts[3].metrics.loss, m.parts[0].metrics.loss);
  EXPECT_EQ(scored_in_all(m), 2 * m.scored);
  const RunRecord record = *read_run_record(folder.path("run"));
  EXPECT_TRUE(record.test->find("test.loss.both.source.digits"));
  EXPECT_TRUE(record.final->find("val.bits_per_byte.source.digits"));
}

TEST(Slices, OneSourceIsNoSlice) {
  const TempFolder folder;
  replace_file(folder.path("t.txt"), read_file(CAMBIUM_SOURCE_DIR "/README.md"));
  replace_file(folder.path("r.yaml"), str("sources: {t: {path: '", folder.path("t.txt"),
                                          "', split: line}}\nsplit: {val: 10%, test: 10%}\n"));
  build_corpus(load_recipe(folder.path("r.yaml")), folder.path("built"), {});
  const Experiment e = open_text(folder, spec_of(folder.path("built")));
  EXPECT_TRUE(slicing_of(*e.data, Split::kValidation).empty());
  EXPECT_TRUE(slice_metrics(*e.data).empty());
}

TEST(Slices, NamesOfMetricsKeepTheirQuantity) {
  EXPECT_EQ(metric_of("val.loss.source.docs"), "loss.source.docs");
  EXPECT_FALSE(higher_is_better("val.loss.source.accuracy"));
  EXPECT_FALSE(is_share("test.loss.source.accuracy"));
  EXPECT_TRUE(higher_is_better("test.accuracy"));
  EXPECT_EQ(metric_of("accuracy"), "accuracy");
}
}  // namespace
}  // namespace cambium::slices_test
