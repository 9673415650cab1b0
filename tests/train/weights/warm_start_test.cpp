// Warm starts from the checkpoints of tiny runs: what is copied, and that all else is said.
#include "train/weights/warm_start.h"

#include "tests/support/expect_error.h"
#include "tests/support/tiny_experiment.h"
#include "train/spec/glob.h"

namespace cambium::warm_start_test {
namespace {
using Rules = std::vector<WarmRule>;

std::string spec_of(const std::string& model) {
  return str(
      "data: {markov_text: {symbols: 6, order: 1, context: 12, train: 64, val: 16, test: 16}}",
      "\nmodel:\n", model, "train: {batch: 8, steps: 2}\n");
}

const std::string kModel =
    "  - embed: 8\n"
    "  - residual: [{norm: layer}, {ffn: {expand: 2}}]\n"
    "  - linear: $classes\n";

// The weights of a run, and another model that starts from them.
class WarmStarts : public testing::Test {
 protected:
  WarmStarts() {
    const Experiment e = test::open_text(folder_, spec_of(kModel));
    Progress silent;
    run_training(e, {.folder = folder_.path("run")}, silent);
    given_ = load_weights(folder_.path("run"), true).tensors;
  }

  void start(const std::string& model, const Rules& rules) {
    const Experiment e = test::open_text(folder_, spec_of(model));
    const Graph graph = model_graph(e, 1, false);
    Engine engine;
    const Plan plan = compile(graph.clone(), engine);
    store_.emplace().add(plan, 1);
    fresh_.emplace().add(plan, 1);
    rows_ = warm_start(*store_, weights_of(graph), given_, rules);
  }

  bool starts_as(const std::string& to, const std::string& from) const {
    return std::ranges::equal(store_->at(to).raw(), given_.find(from)->second.raw());
  }

  bool is_fresh(const std::string& to) const {
    return std::ranges::equal(store_->at(to).raw(), fresh_->at(to).raw());
  }

  // "fate from > to" of all that is not copied.
  std::vector<std::string> others() const {
    std::vector<std::string> out;
    for (const WarmRow& row : rows_)
      if (row.fate != WarmFate::kCopied)
        out.push_back(str(name_of(row.fate), " ", row.from, " > ", row.to));
    return out;
  }

  std::vector<UserError> errors_of(const Rules& rules) const {
    return test::error_of<UserErrors>([&] { match_weights(types_of(given_), {}, rules); }).all;
  }

  const test::TempFolder folder_;
  Tensors given_;
  std::optional<Store> store_, fresh_;
  std::vector<WarmRow> rows_;
};

using Texts = std::vector<std::string>;

TEST_F(WarmStarts, TheSameModelStartsAsTheCheckpoint) {
  start(kModel, {});
  EXPECT_EQ(others(), Texts());
  EXPECT_EQ(rows_.size(), given_.size());
  for (const auto& [name, t] : given_) EXPECT_TRUE(starts_as(name, name)) << name;
  EXPECT_FALSE(is_fresh("linear.weight"));
  EXPECT_EQ(table_text(rows_), str(given_.size(), " tensors are copied\n"));
  EXPECT_NO_THROW(require_all_copied(rows_, "it"));
}

TEST_F(WarmStarts, AWiderModelIsToldWhatDoesNotFit) {
  start("  - embed: 8\n  - residual: [{norm: layer}, {ffn: {expand: 4}}]\n  - linear: $classes\n",
        {});
  EXPECT_EQ(others(),
            Texts({"other shape or type residual.ffn.down.weight > residual.ffn.down.weight",
                   "other shape or type residual.ffn.up.bias > residual.ffn.up.bias",
                   "other shape or type residual.ffn.up.weight > residual.ffn.up.weight"}));
  EXPECT_TRUE(is_fresh("residual.ffn.up.weight"));
  EXPECT_TRUE(starts_as("residual.norm.gamma", "residual.norm.gamma"));
  EXPECT_NE(table_text(rows_).find("other shape or type: 'residual.ffn.up.bias' is [16], "
                                   "'residual.ffn.up.bias' is [32] and starts fresh\n"),
            std::string::npos)
      << table_text(rows_);
  EXPECT_THROW(require_all_copied(rows_, "the checkpoint"), UserError);
}

TEST_F(WarmStarts, RenamedBlocksFollowTheirPatterns) {
  start(
      "  - {embed: 8, name: symbols}\n"
      "  - {residual: [{norm: layer}, {ffn: {expand: 2}}], name: layer1}\n"
      "  - {linear: $classes, name: answer}\n",
      {{"embed.*", "symbols.*"}, {"residual.*", "layer1.*"}, {"linear.*", "answer.*"}});
  EXPECT_EQ(others(), Texts());
  EXPECT_TRUE(starts_as("layer1.ffn.up.weight", "residual.ffn.up.weight"));
  EXPECT_TRUE(starts_as("symbols.table", "embed.table"));
}

TEST_F(WarmStarts, APrefixComesBeforeAllNames) {
  start(
      "  - repeat: 1\n    body:\n      - embed: 8\n"
      "      - residual: [{norm: layer}, {ffn: {expand: 2}}]\n      - linear: $classes\n",
      {{"*", "repeat.0.*"}});
  EXPECT_EQ(others(), Texts());
  EXPECT_TRUE(starts_as("repeat.0.linear.bias", "linear.bias"));
}

TEST_F(WarmStarts, WhatNoRuleTakesIsListedOnBothSides) {
  start("  - embed: 8\n  - linear: 8\n  - {linear: $classes, name: answer}\n",
        {{"embed.*", "embed.*"}, {"linear.weight", "head.weight"}});
  EXPECT_EQ(
      others(),
      Texts({"missing  > answer.bias", "missing  > answer.weight", "missing  > linear.bias",
             "missing  > linear.weight", "not asked for linear.bias > ",
             "not asked for linear.weight > head.weight", "not asked for residual.ffn.down.bias > ",
             "not asked for residual.ffn.down.weight > ", "not asked for residual.ffn.up.bias > ",
             "not asked for residual.ffn.up.weight > ", "not asked for residual.norm.beta > ",
             "not asked for residual.norm.gamma > "}));
  EXPECT_TRUE(is_fresh("linear.weight"));
  EXPECT_NE(table_text(rows_).find("  missing: 'answer.bias' [6] starts fresh\n"),
            std::string::npos)
      << table_text(rows_);
}

TEST_F(WarmStarts, RulesThatCannotBeMeantAreRefused) {
  const auto stars = errors_of({{"embed.*", "table"}});
  EXPECT_STREQ(stars.at(0).what(),
               "the rule 'embed.*' -> 'table' has 1 * on one side and 0 on the other");
  const auto nothing = errors_of({{"embd.*", "symbols.*"}});
  EXPECT_STREQ(nothing.at(0).what(),
               "no tensor of the checkpoint that an earlier rule leaves matches 'embd.*'");
  EXPECT_NE(nothing.at(0).help.find("embed.table"), std::string::npos) << nothing.at(0).help;
  const auto two = errors_of({{"linear.bias", "x"}, {"residual.norm.beta", "x"}});
  EXPECT_STREQ(two.at(0).what(), "'linear.bias' and 'residual.norm.beta' both become 'x'");
}

TEST(GlobCaptures, AreWhatEachStarStandsFor) {
  using Parts = std::vector<std::string_view>;
  EXPECT_EQ(glob_captures("a.*.b.*", "a.x.b.b.z"), (Parts{"x", "b.z"}));
  EXPECT_EQ(glob_captures("*.weight", "a.weight.weight"), Parts{"a.weight"});
  EXPECT_EQ(glob_captures("**", "ab"), (Parts{"", "ab"}));
  EXPECT_EQ(glob_captures("*", ""), Parts{""});
  EXPECT_EQ(glob_captures("a", "a"), Parts{});
  EXPECT_EQ(glob_captures("a*b", "abc"), std::nullopt);
}
}  // namespace
}  // namespace cambium::warm_start_test
