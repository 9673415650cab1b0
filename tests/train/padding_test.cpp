// How far a dataset pads its texts changes neither the steps of a training nor what it reports,
// with every block that works on texts, in f32 and through the kernels.
#include <regex>

#include "tests/support/block_case.h"
#include "tests/support/tiny_experiment.h"
#include "train/run/session.h"

namespace cambium::padding_test {
namespace {
using test::TempFolder;

constexpr int64_t kContexts[] = {24, 36, 96};

// Rows of a label and 1 to 20 words.
std::string random_texts() {
  Random random(11);
  std::string rows;
  for (int row = 0; row < 40; ++row) {
    rows += str("L", random.below(3));
    for (uint32_t n = 1 + random.below(20); n > 0; --n) rows += str(" w", random.below(30));
    rows += "\n";
  }
  return rows;
}

// The first sample of each block of the domains that texts lead to, without dropout, which draws by
// the place of a number in memory.
std::vector<BlockTrial> trials_on_texts() {
  std::vector<BlockTrial> trials;
  for (const Block* b : builtin_blocks())
    for (const BlockSample& s : b->samples)
      if (s.domain == Domain::kTokens || (s.domain == Domain::kGraph && b->name != "link")) {
        trials.push_back({b, s});
        std::string& yaml = trials.back().sample.yaml;
        yaml = std::regex_replace(yaml, std::regex("(dropout|drop_path): [0-9.]+"), "$1: 0");
        break;
      }
  return trials;
}

std::string spec_of(const BlockSample& s, int64_t context, const TempFolder& folder) {
  const bool graph = s.domain == Domain::kGraph;
  const BlockCase alone("- " + s.yaml, s.domain, s.shape);
  return str("data: {labelled_text: {path: ", folder.path("texts.txt"), ", context: ", context,
             "}}\nmodel:\n  - embed: {dim: ", s.shape.last(), ", std: 1}\n",
             graph ? "  - tokens_to_graph: {neighbours: window, window: 2}\n" : "", "  - ", s.yaml,
             "\n", alone.out.domain == Domain::kVector ? "" : "  - pool: mean\n",
             "  - linear: $classes\n"
             "train: {batch: 8, steps: 2, optimizer: {sgd: {lr: 0.05}}}\n");
}

class PaddedTraining : public testing::TestWithParam<BlockTrial> {};

TEST_P(PaddedTraining, IsTheSameHoweverFarTextsArePadded) {
  const TempFolder folder;
  replace_file(folder.path("texts.txt"), random_texts());
  std::vector<std::vector<double>> losses;
  for (const int64_t context : kContexts) {
    std::optional<Experiment> e;
    try {
      e.emplace(test::open_text(folder, spec_of(GetParam().sample, context, folder)));
      Session session(*e, std::numeric_limits<int64_t>::max());
      session.start(0);
      losses.push_back(
          {session.step(1).loss, session.step(2).loss, session.evaluate_on(Split::kTest, 10).loss});
    } catch (const UserErrors& refused) {
      const std::string text = refused.what();
      EXPECT_TRUE(text.find("the data is padded, and ") != text.npos ||
                  GetParam().block->name == "tokens_to_grid")
          << text;
      return;
    }
  }
  for (const std::vector<double>& other : losses)
    for (size_t i = 0; i < other.size(); ++i)
      EXPECT_NEAR(other[i], losses[0][i], 2e-5 * std::max(1.0, std::abs(losses[0][i])));
}

std::string name_of_block(const testing::TestParamInfo<BlockTrial>& info) {
  return std::string(info.param.block->name);
}

INSTANTIATE_TEST_SUITE_P(Blocks, PaddedTraining, testing::ValuesIn(trials_on_texts()),
                         name_of_block);
}  // namespace
}  // namespace cambium::padding_test
