// Slices after training: `eval --by`, and `data audit --run` of two runs, one of which never saw
// verse.
#include <filesystem>

#include "tests/app/run_in_process.h"
#include "tests/data/audit/support.h"

namespace cambium::slices_command_test {
namespace {
class SlicesOfRuns : public ::testing::Test {
 protected:
  SlicesOfRuns() {
    const std::vector<test::AuditText> texts = test::made_texts();
    std::vector<test::AuditText> less;
    for (const test::AuditText& t : texts)
      if (t.source != "verse") less.push_back(t);
    all_ = test::built_corpus(folder_, texts, "all");
    less_ = test::built_corpus(folder_, less, "less");
  }

  std::string trained(const std::string& corpus, const std::string& name) {
    const std::string spec =
        write_file(folder_, name + ".yaml",
                   str("data: {corpus: {path: ", corpus,
                       ", context: 32}}\n"
                       "model: [{embed: 16}, {gru: {}}, {linear: $classes}]\n"
                       "train: {batch: 16, steps: 60, optimizer: {adamw: {lr: 0.02}}}\n"));
    const std::string run = folder_.path("runs/" + name);
    const test::Ran ran = test::run_words({"train", spec, "--run", run, "--progress", "none"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    return run;
  }

  test::TempFolder folder_;
  std::string all_, less_;
};

TEST_F(SlicesOfRuns, EvalTellsThemAndWritesThem) {
  const std::string run = trained(all_, "all");
  const std::string csv = folder_.path("s.csv");
  const test::Ran ran = test::run_words({"eval", run, "--by", "source,length", "-o", csv});
  ASSERT_EQ(ran.code, 0) << ran.err;
  for (const char* part : {"source", "verse", "32 to 127", "bits/byte"})
    EXPECT_NE(ran.out.find(part), ran.out.npos) << ran.out;
  EXPECT_NE(read_file(csv).find("\nsource,verse,"), std::string::npos);
  const test::Ran json = test::run_words({"eval", run, "--by", "source", "--json"});
  const Json answer = parse_json(json.out, "out");
  EXPECT_EQ(answer["slices"][0]["key"], "source");
  EXPECT_NEAR(answer["slices"][0]["all"]["loss"]["mean"].get<double>(),
              answer["metrics"]["loss"].get<double>(), 1e-5);
  const test::Ran wrong = test::run_words({"eval", run, "--by", "sorce"});
  EXPECT_EQ(wrong.code, kExitUser);
  EXPECT_NE(wrong.err.find("did you mean 'source'?"), wrong.err.npos) << wrong.err;
  const test::Ran bare = test::run_words({"eval", run, "-o", csv});
  EXPECT_NE(bare.err.find("there are none without --by"), bare.err.npos) << bare.err;
}

TEST_F(SlicesOfRuns, ARunThatNeverSawVerseLosesMoreOnIt) {
  const std::string all = trained(all_, "all"), less = trained(less_, "less");
  const std::string page = folder_.path("a.html"), numbers = folder_.path("a.json");
  const test::Ran ran =
      test::run_words({"data", "audit", all_, "--by", "source,split", "--run", all, "--run", less,
                       "-o", page, "-o", numbers, "--no-near"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const Json runs = parse_json(read_file(numbers), numbers)["runs"]["runs"];
  ASSERT_EQ(runs.size(), 2u);
  std::map<std::string, double> more;
  for (const Json& s : runs[1]["more_than_first"][0]["slices"])
    more[s["value"].get<std::string>()] = s["difference"]["mean"].get<double>();
  EXPECT_GT(more["verse"], 0.2);
  EXPECT_LT(more["prose"], 0.1);
  EXPECT_LT(more["code"], 0.1);
  const std::string html = read_file(page);
  for (const char* part : {"After training", "loses more", "verse"})
    EXPECT_NE(html.find(part), html.npos) << part;
  EXPECT_EQ(html.find("<script"), html.npos);
}

TEST_F(SlicesOfRuns, OfOtherDataAreRefused) {
  const std::string spec = write_file(
      folder_, "other.yaml",
      "data: {markov_text: {symbols: 6, order: 1, context: 12, train: 64, val: 16, test: 16}}\n"
      "model: [{embed: 8}, {linear: $classes}]\ntrain: {batch: 8, steps: 2}\n");
  const std::string run = folder_.path("runs/other");
  ASSERT_EQ(test::run_words({"train", spec, "--run", run, "--progress", "none"}).code, 0);
  const test::Ran ran = test::run_words({"data", "audit", all_, "--run", run});
  EXPECT_EQ(ran.code, kExitUser);
  EXPECT_NE(ran.err.find("was not trained on a corpus"), ran.err.npos) << ran.err;
  const test::Ran recipe =
      test::run_words({"data", "audit", folder_.path("all.yaml"), "--run", run});
  EXPECT_NE(recipe.err.find("a recipe has none"), recipe.err.npos) << recipe.err;
}
}  // namespace
}  // namespace cambium::slices_command_test
