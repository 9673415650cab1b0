// Losses of slices: that they are the evaluation's, that intervals are what they say, and what is
// refused.
#include <cmath>
#include <numbers>

#include "core/text/json.h"
#include "data/held_documents.h"
#include "tests/data/audit/support.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_experiment.h"
#include "train/graphs/answers_graph.h"
#include "train/graphs/pipeline.h"
#include "train/graphs/step_graph.h"
#include "train/run/evaluate.h"
#include "train/slices/slice_scores.h"

namespace cambium::slices_test {
namespace {
// A model with its first weights, as an evaluation and as answers.
class Asked {
 public:
  Asked(const Experiment& e, Graph g) : plan_(compile(optimised(e, std::move(g)), engine_)) {
    store_.add(plan_, 1);
    executor_ = std::make_unique<Executor>(plan_, store_);
  }

  Executor& executor() { return *executor_; }

 private:
  Engine engine_;
  Plan plan_;
  Store store_;
  std::unique_ptr<Executor> executor_;
};

std::vector<DocumentScore> scores_of(const Experiment& e, Split split, int64_t batch) {
  Asked answers(e, answers_graph(e, batch));
  return score_documents(answers.executor(), *e.data, split, batch);
}

Metrics metrics_of(const Experiment& e, Split split) {
  Asked evaluation(e, evaluation_graph(e, e.train.options.batch));
  return evaluate(evaluation.executor(), *e.data, split, e.train.options.batch);
}

class CorpusSlices : public ::testing::Test {
 protected:
  CorpusSlices() : corpus_(test::built_corpus(folder_, test::made_texts())) {}

  Experiment open(const std::string& options = "") {
    return test::open_text(folder_, str("data: {corpus: {path: ", corpus_, ", context: 24", options,
                                        "}}\nmodel: [{embed: 8}, {linear: $classes}]\n"
                                        "train: {batch: 7, steps: 3}\n"));
  }

  test::TempFolder folder_;
  std::string corpus_;
};

TEST_F(CorpusSlices, SumUpToTheEvaluation) {
  const Experiment e = open();
  for (const Split split : {Split::kValidation, Split::kTest}) {
    const std::vector<DocumentScore> documents = scores_of(e, split, 5);
    const Metrics m = metrics_of(e, split);
    for (const SliceScores& k : slice_scores(documents, slicings_of(*e.data, split, {}))) {
      EXPECT_EQ(k.all.targets, m.scored);
      EXPECT_NEAR(k.all.loss.mean, m.loss, 1e-5);
      EXPECT_NEAR(k.all.accuracy.mean, m.accuracy, 1e-9);
      EXPECT_NEAR(k.all.bits.mean, m.bits_per_byte, 1e-5);
      int64_t targets = 0;
      double loss = 0;
      for (const SliceScore& s : k.slices) {
        targets += s.targets;
        loss += s.loss.mean * double(s.targets);
      }
      EXPECT_EQ(targets, m.scored) << k.key;
      EXPECT_NEAR(loss / double(targets), m.loss, 1e-5) << k.key;
    }
    EXPECT_EQ(scores_of(e, split, 3).size(), documents.size());
    EXPECT_NEAR(scores_of(e, split, 3)[1].loss, documents[1].loss, 1e-4);
  }
}

// Each document's targets are the symbols of its text, and one for its beginning.
TEST_F(CorpusSlices, GiveEachTargetToItsDocument) {
  const Experiment e = open();
  const auto& documents = dynamic_cast<const HoldsDocuments&>(*e.data);
  const std::vector<DocumentScore> scores = scores_of(e, Split::kTest, 4);
  size_t at = 0, whole = 0;
  std::vector<std::string> sources;
  documents.each_document(Split::kTest, [&](const HeldDocument& d) {
    const DocumentScore& s = scores.at(at++);
    sources.push_back(d.source);
    const auto bytes = int64_t(d.text.size());
    EXPECT_LE(s.bytes, bytes) << d.id;
    // The first symbol of a source is asked for by none; the last document may be cut.
    whole += s.bytes == bytes && (s.targets == bytes + 1 || s.targets == bytes);
    EXPECT_FALSE(d.meta.empty());
    EXPECT_TRUE(parse_json(d.meta, d.id).contains("label"));
  });
  EXPECT_EQ(at, scores.size());
  EXPECT_GE(whole + 3, at);
  EXPECT_GT(at, 15u);
  EXPECT_TRUE(std::ranges::is_sorted(sources, {}, [&](const std::string& s) {
    return std::ranges::find(sources, s) - sources.begin();
  }));
}

TEST_F(CorpusSlices, KeysAreThoseOfAnAudit) {
  const Experiment e = open();
  std::vector<std::string> keys;
  for (const AuditSlicing& s : slicings_of(*e.data, Split::kTest, {})) keys.push_back(s.key);
  for (const char* key : {"source", "length", "label", "year"})
    EXPECT_EQ(std::ranges::count(keys, key), 1) << key;
  const std::vector<std::string> wanted = {"lenght"};
  const auto error = test::error_of([&] { slicings_of(*e.data, Split::kTest, wanted); });
  EXPECT_STREQ(error.what(), "no document has a key 'lenght'");
  EXPECT_EQ(error.help, "did you mean 'length'?");
  EXPECT_STREQ(test::error_of([&] { slicings_of(*e.data, Split::kTrain, {}); }).what(),
               "documents to train on are streamed, and not told apart");
}

TEST(LabelSlices, AreTheClassesByTheirNames) {
  const test::TempFolder folder;
  std::string rows;
  for (int i = 0; i < 200; ++i) rows += str(i % 3 ? "good" : "bad", "\ttext ", i % 7, " of it\n");
  replace_file(folder.path("rows.tsv"), rows);
  const Experiment e = test::open_text(
      folder, str("data: {labelled_text: {path: ", folder.path("rows.tsv"),
                  ", context: 6}}\nmodel: [{embed: 8}, {pool: mean}, {linear: $classes}]\n"
                  "train: {batch: 8, steps: 3}\n"));
  const auto k =
      slice_scores(scores_of(e, Split::kTest, 8), slicings_of(*e.data, Split::kTest, {}));
  const Metrics m = metrics_of(e, Split::kTest);
  ASSERT_EQ(k.size(), 1u);
  EXPECT_EQ(k[0].key, "label");
  ASSERT_EQ(k[0].slices.size(), 2u);
  EXPECT_EQ(k[0].slices[0].value, "bad");
  EXPECT_EQ(k[0].slices[1].value, "good");
  EXPECT_EQ(k[0].all.targets, e.data->count(Split::kTest));
  EXPECT_NEAR(k[0].all.loss.mean, m.loss, 1e-5);
  EXPECT_NEAR(k[0].all.accuracy.mean, m.accuracy, 1e-9);
  EXPECT_TRUE(std::isnan(k[0].all.bits.mean));
}

TEST(Slices, OfDataThatDoesNotSayAreRefused) {
  const test::TempFolder folder;
  const Experiment e = test::open_text(folder, test::markov_spec("{batch: 4, steps: 2}"));
  EXPECT_STREQ(test::error_of([&] { scores_of(e, Split::kTest, 4); }).what(),
               "this data does not say what its examples are of");
}

std::vector<DocumentScore> drawn(Random& random, int n, double mean) {
  std::vector<DocumentScore> out;
  for (int i = 0; i < n; ++i) {
    DocumentScore d{.targets = 5 + int64_t(random.below(60))};
    d.bytes = 2 * d.targets;
    const double own = mean + 0.4 * random.normal();  // a document's targets are alike
    d.loss = own * double(d.targets);
    d.correct = double(random.below(uint32_t(d.targets)));
    out.push_back(d);
  }
  return out;
}

AuditSlicing halves(size_t n) {
  AuditSlicing s{.key = "half", .values = {"first", "second"}, .of = {}};
  for (size_t i = 0; i < n; ++i) s.of.push_back(uint16_t(i >= n / 2));
  return s;
}

// The truth is the ratio of expectations, which is `mean` here.
TEST(Slices, IntervalsHoldTheTruthAsOftenAsTheySay) {
  Random random(11);
  int held = 0;
  constexpr int kTimes = 200;
  for (int t = 0; t < kTimes; ++t) {
    const auto documents = drawn(random, 160, 2.0);
    const SliceScore& s = slice_scores(documents, {halves(160)})[0].slices[0];
    EXPECT_EQ(s.documents, 80);
    held += s.loss.low <= 2.0 && 2.0 <= s.loss.high;
  }
  EXPECT_GE(held, 0.89 * kTimes);  // 95 % less three deviations, and what 80 documents lack
  EXPECT_LT(held, kTimes);
}

TEST(Slices, PairedDifferencesFindTheSliceThatRose) {
  Random random(3);
  const auto first = drawn(random, 160, 2.0);
  auto second = first;
  for (size_t i = 80; i < 160; ++i)
    second[i].loss += (0.05 + 0.02 * random.normal()) * double(second[i].targets);
  second[0] = {};  // one was not asked of both
  const SliceDifferences k = slice_differences(first, second, {halves(160)})[0];
  EXPECT_TRUE(k.of_bytes);
  EXPECT_EQ(k.slices[0].documents, 79);
  EXPECT_EQ(k.slices[0].difference.mean, 0);
  EXPECT_NEAR(k.slices[1].difference.mean, 0.05 / 2 / std::numbers::ln2, 0.005);
  EXPECT_GT(k.slices[1].difference.low, 0.025);
  // Without pairs it would be lost between documents.
  const auto scores = slice_scores(second, {halves(160)})[0].slices[1].bits;
  EXPECT_GT(scores.high - scores.low,
            5 * (k.slices[1].difference.high - k.slices[1].difference.low));
}

TEST(Slices, OfFewDocumentsHaveNoIntervalAndTextsAreNoFormulas) {
  Random random(1);
  AuditSlicing s = halves(8);
  s.values[0] = "=cmd()";
  const auto k = slice_scores(drawn(random, 8, 1), {s});
  EXPECT_TRUE(std::isnan(k[0].slices[0].loss.low));
  const std::string csv = to_csv(k);
  EXPECT_NE(csv.find("half,'=cmd(),4,"), csv.npos) << csv;
  EXPECT_EQ(csv.substr(0, csv.find('\n')),
            "key,slice,documents,targets,bytes,loss,loss_low,loss_high,accuracy,accuracy_low,"
            "accuracy_high,bits_per_byte,bits_low,bits_high");
  const Json json = to_json(k);
  EXPECT_TRUE(json[0]["slices"][0]["loss"]["low"].is_null());
}
}  // namespace
}  // namespace cambium::slices_test
