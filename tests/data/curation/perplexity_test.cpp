// The step perplexity: what it drops, that nobody is scored by what learned from them, and that
// neither workers, the order of files nor being stopped change a byte.
#include <cmath>

#include "core/xxhash.h"
#include "data/curation/scoring/byte_ngrams.h"
#include "data/curation/scoring/score_files.h"
#include "data/curation/scoring/taught_texts.h"
#include "tests/data/curation/scoring.h"

namespace cambium::perplexity_test {
namespace {
using test::joined;
using test::many;
using test::texts_of;

class Perplexity : public test::Scoring {};

TEST_F(Perplexity, DropsWhatTheModelDoesNotForetell) {
  const Manifest m = build("{perplexity: {model: books, keep: ..3, order: 4}}");
  const auto web = texts_of(folder_.path("out"), m, "web");
  EXPECT_EQ(web.size(), 400u);
  for (const std::string& text : web) EXPECT_TRUE(text.starts_with("house"));
  EXPECT_EQ(texts_of(folder_.path("out"), m, "books").size(), 600u);
  const StepRecord& step = m.steps[1];
  EXPECT_EQ(step.tally.rules.at("above").dropped, 400);
  const Json& of = step.findings["sources"]["web"];
  EXPECT_EQ(of["documents"], 800);
  EXPECT_EQ(of["kept"], 400);
  EXPECT_EQ(of["limits"], Json::parse("[null, 3.0]"));
  EXPECT_NEAR(of["perplexity"].get<double>(), std::exp2(of["mean"].get<double>()), 1e-9);
  EXPECT_EQ(step.findings["models"].size(), 4u);
}

// By scores that this test works out: models of all folds but one, then ranks of sorted numbers.
TEST_F(Perplexity, PercentilesAreThoseOfSortedCrossFittedScores) {
  const std::vector<std::string> books = many(600, "house", 30, 1);
  const auto draft_of = [](const std::string& text) {
    return Draft{.key = content_hash(text), .cluster = content_hash(text), .text = text};
  };
  std::vector<Draft> order;
  for (const std::string& text : books) order.push_back(draft_of(text));
  std::ranges::sort(order, {}, &Draft::key);
  std::vector<ByteNgrams> models;
  for (int64_t fold = 0; fold < 3; ++fold) {
    models.emplace_back(5, 20'000'000);
    for (const Draft& d : order)
      if (fold_of(d, 3) != fold) models.back().learn(d.text);
    models.back().finish();
  }
  std::vector<std::pair<float, std::string>> scores;
  for (const std::string& text : web_) {
    const double bits = models[size_t(fold_of(draft_of(text), 3))].bits(text);
    scores.emplace_back(float(bits / double(text.size())), text);
  }
  std::ranges::sort(scores);
  std::set<std::string> expected;  // of 800, without the first 80 and the last 240
  for (size_t i = 80; i < 560; ++i) expected.insert(scores[i].second);
  const Manifest m =
      build("{perplexity: {model: books, keep: 10%..70%, folds: 3, memory: 60e6, only: [web]}}");
  EXPECT_EQ(texts_of(folder_.path("out"), m, "web"), expected);
  EXPECT_EQ(texts_of(folder_.path("out"), m, "books").size(), 600u);
  const Json& of = m.steps[1].findings["sources"]["web"];
  EXPECT_EQ(of["quantiles"]["50%"], scores[399].first);
  EXPECT_EQ(of["limits"][0], scores[80].first);
  EXPECT_EQ(of["limits"][1], scores[559].first);
}

TEST_F(Perplexity, LearnsFromSoManyBytesInSoMuchMemory) {
  const Manifest m = build("{perplexity: {model: books, learn: 30e3, folds: 3, memory: 12e6}}");
  for (const Json& model : m.steps[1].findings["models"])
    EXPECT_NEAR(model["bytes"].get<double>(), 30e3, 4e3);
}

TEST_F(Perplexity, PercentilesOfAllCountAllSources) {
  const Manifest m = build("{perplexity: {model: books, keep: ..50%, of: all}}");
  EXPECT_EQ(m.steps[1].tally.kept, 700);
  EXPECT_LT(texts_of(folder_.path("out"), m, "web").size(), 400u);
}

// Lines of random letters, which only a model that saw them foretells in less than log2(26) bits.
TEST_F(Perplexity, NobodyIsScoredByAModelThatSawThem) {
  Random random(7);
  std::vector<std::string> lines(300);
  for (std::string& line : lines)
    for (int i = 0; i < 400; ++i) line += char('a' + random.below(26));
  write_file(folder_, "books.txt", joined(lines));
  write_file(folder_, "web.txt", joined(lines));  // the same, so that these are held out as well
  const Manifest m = build("{perplexity: {model: books, keep: 0..9}}");
  for (const char* source : {"books", "web"})
    EXPECT_GT(m.steps[1].findings["sources"][source]["quantiles"]["0%"], 4.6) << source;
  const Manifest seen =
      build(str("{perplexity: {model: ", folder_.path("web.txt"), ", keep: 0..9, order: 7}}"));
  EXPECT_LT(seen.steps[1].findings["sources"]["books"]["quantiles"]["100%"], 3);
}

TEST_F(Perplexity, IsAFunctionOfTheDocuments) {
  expect_same_bytes("{perplexity: {model: books, keep: 10%..60%}}");
}

TEST_F(Perplexity, RefuseWhatCannotBe) {
  const auto said = [&](const std::string& step) {
    const auto e = test::error_of([&] { build(step); });
    return str(e.what(), " | ", e.help);
  };
  EXPECT_EQ(said("{perplexity: {model: boks}}"),
            "perplexity: 'boks' is neither a source of the recipe nor a file | did you mean "
            "'books'?");
  EXPECT_EQ(
      said("perplexity"),
      "perplexity: no texts are named | name a source of the recipe, or a file: model: books");
  EXPECT_EQ(said("{perplexity: {model: books, keep: 5%..3}}"),
            "perplexity: '5%..3' is half a share and half a score | write both ends with a percent "
            "sign, or none");
  EXPECT_EQ(said("{perplexity: {model: books, keep: 5%..105%}}"),
            "perplexity: '5%..105%' goes beyond all documents | shares are from 0% to 100%");
  EXPECT_EQ(said("{perplexity: {model: books, keep: 101%..}}"),
            "perplexity: '101%..' goes beyond all documents | shares are from 0% to 100%");
  EXPECT_EQ(said("{perplexity: {model: books, only: [wep]}}"),
            "perplexity: there is no source 'wep' | did you mean 'web'?");
  EXPECT_EQ(said("{perplexity: {model: books, memory: 5e6}}"),
            "perplexity: 5000000 bytes for 4 models are too few | give 16000000, or fewer folds");
  EXPECT_EQ(said("{classifier: {good: [books], raw: [books]}}"),
            "classifier: 'books' stands twice in good and raw | texts are good or raw");
  EXPECT_EQ(said("{classifier: {good: [books]}}"),
            "classifier: none of these is a source of the recipe, so that nobody is judged | name "
            "a source with raw: or only:");
  write_file(folder_, "books.txt", "one document\n");
  EXPECT_EQ(said("{perplexity: {model: books}}").substr(0, 51),
            "perplexity: 'books' leaves nothing to learn from | ");
}

TEST(ScoreFiles, QuantilesAreThoseOfSortedNumbers) {
  const test::TempFolder folder;
  Random random(3);
  std::vector<float> all;
  std::vector<ScoreList::File> files;
  for (int f = 0; f < 5; ++f) {
    std::vector<DraftScore> scores;
    for (int i = 0; i < 1000 * f; ++i)
      scores.push_back({random.below(3) == 0 ? 1.5f : float(std::exp(random.normal()) - 2)});
    for (const DraftScore& s : scores) all.push_back(s.value);
    files.push_back({folder.path(str(f)), int64_t(scores.size())});
    write_scores(files.back().path, scores);
  }
  std::ranges::sort(all);
  const ScoreList list(files);
  std::vector<int64_t> ranks;
  for (int64_t i = 0; i < int64_t(all.size()); i += 97) ranks.push_back(i);
  const std::vector<float> found = list.at(ranks);
  for (size_t i = 0; i < ranks.size(); ++i) EXPECT_EQ(found[i], all[size_t(ranks[i])]);
  EXPECT_EQ(list.quantiles(std::vector{0.0, 0.5, 1.0}),
            (std::vector{all.front(), all[all.size() / 2 - 1], all.back()}));
  // 29 % of 10,000 are 2,900, whatever rounding says.
  const ScoreCut::Limits l = cut_from("keep", "29%..71%").limits(list);
  EXPECT_EQ(l.least, all[2900]);
  EXPECT_EQ(l.most, all[7099]);
}
}  // namespace
}  // namespace cambium::perplexity_test
