// Uses of blocks as `cambium explain` prints them, against what the blocks' own tests found.
#include <cmath>

#include <gtest/gtest.h>

#include "app/tables/block_examples.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "places.h"
#include "search/study/study_keys.h"
#include "tests/app/run_in_process.h"
#include "tests/support/tiny_experiment.h"
#include "train/run/session.h"

namespace cambium::explain_test {
namespace {
TEST(BlockExamples, AreThoseOfTheGoldenFile) {
  const std::string golden = read_file(CAMBIUM_SOURCE_DIR "/tests/golden/blocks.txt");
  for (const Block* b : builtin_blocks())
    for (const BlockExample& e : block_examples(*b)) {
      std::string entry =
          str(e.yaml, "\n  ", e.in, " -> ", e.out, ", ", e.parameters, " parameters, ");
      // The FLOPs of a graph depend on how many edges one takes.
      if (!e.in.starts_with("graph") && e.yaml.find("graph") == e.yaml.npos)
        entry += str(int64_t(e.forward_flops), " forward flops\n");
      EXPECT_NE(golden.find(entry), golden.npos) << entry;
    }
}

TEST(Explain, ShowsUsesOfEveryBlock) {
  for (const Block* b : builtin_blocks()) {
    const test::Ran ran = test::run_words({"explain", std::string(b->name)});
    ASSERT_EQ(ran.code, 0) << b->name;
    if (b->samples.empty()) continue;
    const size_t uses = ran.out.find("uses: input, result, parameters, forward FLOPs\n");
    ASSERT_NE(uses, ran.out.npos) << b->name;
    for (size_t i = 0; i < std::min<size_t>(5, b->samples.size()); ++i)
      EXPECT_NE(ran.out.find(str("- ", b->samples[i].yaml), uses), ran.out.npos) << b->name;
    for (const FieldInfo& f : b->attrs.describe())
      EXPECT_NE(ran.out.find(f.doc), ran.out.npos) << b->name << " " << f.name;
    if (!b->paper.empty()) {
      EXPECT_NE(ran.out.find(b->paper), ran.out.npos) << b->name;
    }
  }
}

class RunnableSpec : public testing::TestWithParam<const Block*> {};

// It is short, names the block, and trains for a step.
TEST_P(RunnableSpec, Trains) {
  const std::string text = runnable_spec(*GetParam());
  EXPECT_LE(std::ranges::count(text, '\n'), 6) << text;
  EXPECT_NE(text.find(GetParam()->name), text.npos) << text;
  const test::TempFolder folder;
  const bool one_graph = text.find("planted_links") != text.npos;  // its example is the graph
  const Experiment e =
      test::open_text(folder, text, {one_graph ? "train.batch=1" : "train.batch=2"});
  Session session(e, usable_memory_bytes());
  session.start(0);
  EXPECT_TRUE(std::isfinite(session.step(1).loss)) << text;
  EXPECT_TRUE(std::isfinite(session.evaluate_on(Split::kValidation, 1).loss)) << text;
}

std::vector<const Block*> sampled_blocks() {
  std::vector<const Block*> out(builtin_blocks().begin(), builtin_blocks().end());
  std::erase_if(out, [](const Block* b) { return b->samples.empty(); });  // they need a file
  return out;
}

INSTANTIATE_TEST_SUITE_P(Blocks, RunnableSpec, testing::ValuesIn(sampled_blocks()),
                         [](const auto& info) { return std::string(info.param->name); });

// What stands within a key, and what its values may be called.
TEST(Explain, KnowsPartsOfKeysAndTheirChoices) {
  for (const StudyKey& k : study_key_list())
    for (const StudyKeyPart& p : k.parts) {
      const test::Ran ran = test::run_words({"explain", std::string(p.name)});
      EXPECT_EQ(ran.code, 0) << p.name;
      const test::Ran key = test::run_words({"explain", std::string(k.name)});
      EXPECT_NE(key.out.find(str("    ", p.name, " ")), key.out.npos) << k.name << "." << p.name;
      EXPECT_NE(key.out.find(p.doc), key.out.npos) << p.doc;
    }
  for (const char* word :
       {"rungs", "asha", "hyperband", "proxies", "synflow", "when", "study", "ladder", "tolerance",
        "free", "aspect", "hold_out", "small_task", "sizes", "until", "at_most"})
    EXPECT_EQ(test::run_words({"explain", word}).code, 0) << word;
  EXPECT_NE(test::run_words({"explain", "rungs"}).out.find("halving"), std::string::npos);
}

TEST(Explain, SaysWhatAPlainValueMeans) {
  const auto out = [](std::string_view name) {
    return test::run_words({"explain", std::string(name)}).out;
  };
  EXPECT_NE(out("conv1d").find("conv1d: VALUE means conv1d: {width: VALUE}"), std::string::npos);
  for (const Block* b : builtin_blocks())
    for (const FieldInfo& f : b->attrs.describe())
      if (f.name == b->primary) {
        EXPECT_NE(out(b->name).find(str(b->name, ": {", f.name, ": VALUE}")), std::string::npos);
      }
}

TEST(Explain, PrintsAWholeSpec) {
  const test::Ran ran = test::run_words({"explain", "lstm"});
  EXPECT_NE(ran.out.find("    data: markov_text\n    model:\n      - embed: 5\n      - lstm: 3\n"
                         "      - linear: $classes\n"),
            ran.out.npos)
      << ran.out;
}

TEST(Explain, PutsLongChoicesBelowTheirOption) {
  const std::string page = test::run_words({"explain", "moe"}).out;
  for (const char* line :
       {"\n    activation             text          gelu  one of      glu, geglu",
        "\n        none|relu|gelu|gelu_erf|",
        "\n        |hard_sigmoid|prelu|glu|geglu|swiglu|reglu\n",
        "\n    weights                text          all   all|chosen  all: "})
    EXPECT_NE(page.find(line), page.npos) << line << page;
}

TEST(Explain, PrintsUsesAsJson) {
  const test::Ran ran = test::run_words({"explain", "linear", "--json"});
  const Json page = parse_json(ran.out, "page")[0];
  EXPECT_EQ(page["uses"][0]["yaml"], "linear: 5");
  EXPECT_EQ(page["uses"][0]["out"], "vector [3,5]");
  EXPECT_EQ(page["uses"][0]["parameters"], 25);
}
}  // namespace
}  // namespace cambium::explain_test
