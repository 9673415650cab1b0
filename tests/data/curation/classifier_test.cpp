// The step classifier: what it keeps, how well it tells texts apart that it did not learn from, and
// that it is a function of the documents.
#include "tests/data/curation/scoring.h"

namespace cambium::classifier_test {
namespace {
using test::joined;
using test::many;
using test::texts_of;

namespace fs = std::filesystem;

class Classifier : public test::Scoring {};

TEST_F(Classifier, KeepsWhatIsLikeTheGood) {
  const Manifest m = build("{classifier: {good: [books], raw: [web], keep: 0.2..}}");
  const auto web = texts_of(folder_.path("out"), m, "web");
  int like = 0;
  for (const std::string& text : web) like += text.starts_with("house");
  EXPECT_GE(like, 395);
  EXPECT_LE(web.size() - size_t(like), 2u);
  EXPECT_EQ(texts_of(folder_.path("out"), m, "books").size(), 600u);
  // Of the web a half is good: a good text scores above half of the rest by chance alone.
  EXPECT_NEAR(m.steps[1].findings["roc_area"].get<double>(), 0.75, 0.05);
}

TEST_F(Classifier, TellsNothingApartWhereThereIsNothing) {
  write_file(folder_, "web.txt", joined(many(600, "house", 30, 9)));
  const Manifest m = build("{classifier: {good: [books], raw: [web], keep: 25%..}}");
  EXPECT_NEAR(m.steps[1].findings["roc_area"].get<double>(), 0.5, 0.06);
  EXPECT_EQ(m.steps[1].tally.rules.at("below").dropped, 150);
}

// GPT-3's: kept where a Pareto number exceeds 1 - p; with shape 9 of texts of p = 0 a share of
// 2^-9, of texts of p = 1 all.
TEST_F(Classifier, ParetoKeepsSomeOfTheUnlike) {
  const auto kept = [&](double shape) {
    const Manifest m =
        build(str("{classifier: {good: [books], raw: [web], pareto: ", shape, ", passes: 20}}"));
    int like = 0, unlike = 0;
    for (const std::string& text : texts_of(folder_.path("out"), m, "web"))
      (text.starts_with("house") ? like : unlike) += 1;
    EXPECT_EQ(m.steps[1].tally.rules.at("drawn").dropped, 800 - like - unlike);
    EXPECT_EQ(m.steps[1].findings["sources"]["web"]["kept"], like + unlike);
    return std::pair(like, unlike);
  };
  const auto [like, unlike] = kept(1);  // 1 / (2 - p)
  EXPECT_NEAR(unlike, 400 * 0.5, 50);
  EXPECT_GT(like, unlike);
  EXPECT_LT(kept(9).second, 40);
}

TEST_F(Classifier, IsAFunctionOfTheDocuments) {
  expect_same_bytes("{classifier: {good: [books], raw: [web], keep: 40%..}}");
}

// Nothing but letters of words that never come again.
TEST_F(Classifier, ReadsCharactersWhereWordsDiffer) {
  Random random(4);
  const auto lines = [&](const std::string& letters) {
    std::string out;
    for (int i = 0; i < 4000; ++i)
      out += letters[random.below(uint32_t(letters.size()))] +
             str(random.below(1000000), i % 20 == 19 ? "\n" : " ");
    return out;
  };
  write_file(folder_, "books.txt", lines("aeiou"));
  write_file(folder_, "web.txt", lines("aeioubcdfgh"));
  const Manifest words = build("{classifier: {good: [books], raw: [web]}}");
  const Manifest characters =
      build("{classifier: {good: [books], raw: [web], unit: character, ngram: 1, places: 65536}}");
  EXPECT_LT(words.steps[1].findings["roc_area"], 0.8);
  EXPECT_GT(characters.steps[1].findings["roc_area"], 0.99);
}

TEST_F(Classifier, GoodTextsMayBeFiles) {
  write_file(folder_, "good1.txt", joined(many(300, "house", 30, 21)));
  std::string lines;
  for (const std::string& text : many(300, "house", 30, 22))
    lines += "{\"text\": \"" + text + "\"}\n";
  write_file(folder_, "good.jsonl", lines);
  const Manifest m = build(
      str("{classifier: {good: [", folder_.path("good.jsonl"), "], raw: [web], keep: 0.2..}}"));
  const Json& told = m.steps[1].findings;
  EXPECT_EQ(told["sources"][folder_.path("good.jsonl")]["documents"], 300);
  EXPECT_GT(told["roc_area"], 0.6);
  EXPECT_GE(texts_of(folder_.path("out"), m, "web").size(), 380u);
  EXPECT_EQ(m.shards.size(), 2u);
  fs::remove(folder_.path("good1.txt"));
}

// Reviews that praise against those that do not (Pang and Lee 2005): a logistic regression on words
// and pairs of words reaches about .86.
TEST_F(Classifier, TellsPraiseFromBlame) {
  const std::string path = test::data_path("text/sentconv/rt-polarity.all");
  if (test::skip_without(path)) return;
  std::string good, raw;
  const std::string rows = read_file(path);
  for (std::string_view rest = rows; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    if (line.size() > 2) (line[0] == '1' ? good : raw).append(line.substr(2)) += '\n';
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  write_file(folder_, "books.txt", good);
  write_file(folder_, "web.txt", raw);
  const Manifest m = build("repair, {classifier: {good: [books], raw: [web]}}");
  EXPECT_GT(m.steps[2].findings["roc_area"], 0.85);
  EXPECT_LT(m.steps[2].findings["roc_area"], 0.88);
}

}  // namespace
}  // namespace cambium::classifier_test
