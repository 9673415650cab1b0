// What check, show and the commands of adapters say.
#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/text/json.h"
#include "places.h"
#include "tests/app/run_in_process.h"
#include "tests/support/data/test_data.h"
#include "train/adapters/method.h"

namespace cambium::adapter_words_test {
namespace {
bool has(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

class AdapterWords : public testing::Test {
 protected:
  AdapterWords() {
    replace_file(file_, spec(""));
    EXPECT_EQ(test::run_words({"train", file_, "--run", base_}).code, 0);
    replace_file(file_, spec(str("init: {from: ", base_,
                                 "}\nadapt: {lora: {rank: 1, on: [\"*ffn*\"]}, also: [head]}\n")));
    EXPECT_EQ(test::run_words({"train", file_, "--run", tuned_}).code, 0);
  }

  static std::string spec(const std::string& first) {
    return str(first,
               "data: {markov_text: {symbols: 6, order: 1, context: 8, train: 64, val: 8, test: "
               "8}}\nmodel:\n  - embed: 8\n  - residual: [{norm: rms}, {ffn: 2}]\n"
               "  - {linear: $classes, name: head}\ntrain: {batch: 8, steps: 4}\n");
  }

  std::string loss_of(const std::string& run) const {
    const test::Ran ran = test::run_words({"eval", run, "--json"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    const size_t at = ran.out.find("\"loss\"");
    return ran.out.substr(at, 14);  // to six digits
  }

  test::TempFolder folder_;
  std::string file_ = folder_.path("s.yaml"), base_ = folder_.path("base"),
              tuned_ = folder_.path("tuned");
};

TEST_F(AdapterWords, ShowListsPlacesAndWhatIsLeftAlone) {
  const test::Ran ran = test::run_words({"show", file_});
  EXPECT_TRUE(has(ran.out, "adapters: 2 places, 48 parameters of their own\n")) << ran.out;
  EXPECT_TRUE(has(ran.out, "  residual.ffn.up.weight    lora  24  beside products\n")) << ran.out;
  EXPECT_TRUE(has(ran.out, "  and 2 vectors left alone\n")) << ran.out;
  const Json json = parse_json(test::run_words({"show", file_, "--json"}).out, "json");
  EXPECT_EQ(json.at("adapters").at("places").size(), 2u);
  EXPECT_EQ(json.at("adapters").at("left_alone").size(), 2u);
  EXPECT_EQ(json.at("frozen").at("trained"), 48 + 54);
  EXPECT_TRUE(has(test::run_words({"check", file_}).out, "      adapters: 2 places, 48"));
}

TEST_F(AdapterWords, MergedAndAttachedRunsAnswerAsTheTunedOne) {
  const std::string merged = folder_.path("merged"), adapter = folder_.path("adapter"),
                    both = folder_.path("both");
  EXPECT_EQ(test::run_words({"adapters", "merge", tuned_, "-o", merged}).code, 0);
  EXPECT_EQ(test::run_words({"adapters", "extract", tuned_, "-o", adapter}).code, 0);
  const test::Ran attach =
      test::run_words({"adapters", "attach", base_, "--adapter", adapter, "-o", both});
  EXPECT_EQ(attach.code, 0) << attach.err;
  EXPECT_FALSE(has(read_file(merged + "/spec.yaml"), "adapt"));
  EXPECT_FALSE(has(read_file(merged + "/spec.yaml"), "init"));
  EXPECT_EQ(loss_of(merged), loss_of(tuned_));
  EXPECT_EQ(loss_of(both), loss_of(tuned_));
  const auto refused = [&](const std::vector<std::string>& words, const std::string& text) {
    const test::Ran ran = test::run_words(words);
    EXPECT_EQ(ran.code, 1);
    EXPECT_TRUE(has(ran.err, text)) << ran.err;
  };
  refused({"adapters", "merge", tuned_}, "-o is missing");
  refused({"adapters", "merge", tuned_, "-o", merged}, "holds a run already");
  refused({"adapters", "merge", base_, "-o", folder_.path("x")}, "the run has no adapters");
  refused({"adapters", "extract", tuned_}, "-o is missing");
  refused({"adapters", "extract", tuned_, "-o", adapter}, "holds an adapter already");
  refused({"adapters", "extract", base_, "-o", folder_.path("x")}, "the run has no adapters");
  refused({"adapters", "attach", base_, "-o", folder_.path("x")}, "--adapter is missing");
  refused({"adapters", "attach", base_, "--adapter", adapter}, "-o is missing");
  refused({"adapters", "attach", base_, "--adapter", folder_.path("no"), "-o", folder_.path("x")},
          "holds no adapter");
  refused({"adapters", "attach", tuned_, "--adapter", adapter, "-o", folder_.path("x")},
          "has adapters already");
}

// The page shows the table as the program prints it.
TEST(AdapterMatrix, StandsInTheDocumentation) {
  const test::Ran ran = test::run_words({"adapters", "list"});
  EXPECT_EQ(ran.code, 0);
  const std::string page = read_file(CAMBIUM_SOURCE_DIR "/docs/adapters.md");
  EXPECT_TRUE(has(page, ran.out)) << ran.out;
  for (const AdapterMethod* m : builtin_adapters()) {
    EXPECT_TRUE(has(ran.out, std::string(m->name))) << m->name;
    EXPECT_TRUE(has(page, str("| `", m->name, "` |"))) << m->name;
  }
}
}  // namespace
}  // namespace cambium::adapter_words_test
