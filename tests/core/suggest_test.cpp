// Suggestions: misspelt names, and names that are called otherwise elsewhere.
#include "core/text/suggest.h"

#include <gtest/gtest.h>

#include "core/text/synonyms.h"

namespace cambium::suggest_test {
namespace {
using Names = std::vector<std::string>;

TEST(Suggest, SpellingIsNoDifference) {
  const Names known = {"adam", "adamw", "cross_entropy"};
  EXPECT_EQ(nearest_names("AdamW", known), Names{"adamw"});
  EXPECT_EQ(nearest_names("CrossEntropy", known), Names{"cross_entropy"});
  EXPECT_EQ(nearest_names("torch.optim.Adam", known), Names{"adam"});
}

TEST(Suggest, TheFieldsOtherWordsAreKnown) {
  EXPECT_EQ(nearest_names("batch_size", Names{"batch", "steps"}), Names{"batch"});
  EXPECT_EQ(nearest_names("out_features", Names{"width", "bias"}), Names{"width"});
  EXPECT_EQ(nearest_names("nn.MultiheadAttention", Names{"attention", "gat"}), Names{"attention"});
  EXPECT_EQ(nearest_names("num_heads", Names{"heads", "kv_heads"}), Names{"heads"});
}

TEST(Suggest, AWordIsOnlyMeantWhereItsNameIsKnown) {
  EXPECT_TRUE(meant_names("batch_size", Names{"width"}).empty());
  EXPECT_TRUE(meant_names("", Names{"width"}).empty());
}

TEST(Suggest, TwoLettersAreABeginning) {
  EXPECT_EQ(nearest_names("tu", Names{"text_chars", "tu_graphs"}), Names{"tu_graphs"});
}

TEST(Suggest, TypingErrorsAreAsNearAsBefore) {
  EXPECT_EQ(nearest_names("atention", Names{"attention", "retention"}), Names{"attention"});
  EXPECT_TRUE(nearest_names("zzzz", Names{"attention"}).empty());
}
}  // namespace
}  // namespace cambium::suggest_test
