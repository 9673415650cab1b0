#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "data/generated/markov.h"
#include "tests/data/support.h"

namespace cambium::generated_test {
namespace {
TEST(InContextRecall, TrainingScoresEveryNextToken) {
  const auto data = open_text_spec("data: in_context_recall");
  EXPECT_EQ(data->shape(3).x, (ValueType{DType::kI32, {3, 127}}));
  EXPECT_EQ(data->count(Split::kTrain), 12800);
  EXPECT_EQ(data->count(Split::kTest), 1280);
  const Batch batch = read_batch(*data, Split::kTrain, {17});
  const auto x = batch.x.i32(), target = batch.target.i32();
  EXPECT_TRUE(std::equal(x.begin() + 1, x.end(), target.begin()));
}

TEST(InContextRecall, EvaluationScoresTheValuesOfSeenKeys) {
  const auto data = open_text_spec("data: {in_context_recall: {length: 32}}");
  for (int64_t index = 0; index < 50; ++index) {
    const Batch batch = read_batch(*data, Split::kTest, {index});
    const auto x = batch.x.i32(), target = batch.target.i32();
    std::map<int32_t, int32_t> value_of;
    for (size_t t = 0; t < x.size(); t += 2) {
      ASSERT_LT(x[t], 8);
      const auto known = value_of.find(x[t]);
      EXPECT_EQ(target[t], known == value_of.end() ? -1 : known->second);
      if (t + 1 == x.size()) break;
      ASSERT_GE(x[t + 1], 8);
      EXPECT_EQ(target[t + 1], -1);
      EXPECT_EQ(value_of.emplace(x[t], x[t + 1]).first->second, x[t + 1]);
    }
    EXPECT_NE(target[x.size() - 1], -1);  // the probe
  }
}

TEST(InContextRecall, RefusesOddSizes) {
  const UserError e = error_of("data:\n  in_context_recall:\n    vocab: 15\n");
  EXPECT_STREQ(e.what(), "in_context_recall: vocab = 15 is odd; keys and values come in pairs");
  EXPECT_EQ(e.mark.line, 3);
}

TEST(SelectiveCopying, FollowsItsDefinition) {
  const auto data = open_text_spec("data: {selective_copying: {vocab: 10, length: 40, copied: 6}}");
  for (int64_t index = 0; index < 50; ++index) {
    const Batch batch = read_batch(*data, Split::kTrain, {index});
    const auto x = batch.x.i32(), target = batch.target.i32();
    EXPECT_EQ(std::ranges::count(x, 8), 40 - 6 - 1);
    EXPECT_EQ(x[33], 9);  // the copy token stands before the last 6 blanks
    EXPECT_LT(x[32], 8);  // no blank after the last token
    std::vector<int32_t> tokens;
    std::ranges::copy_if(x, std::back_inserter(tokens), [](int32_t v) { return v < 8; });
    EXPECT_TRUE(std::equal(tokens.begin(), tokens.end(), target.end() - 6, target.end()));
    EXPECT_EQ(std::ranges::count(target, -1), 34);
  }
}

TEST(SelectiveCopying, RefusesALengthThatHoldsNoCopy) {
  const UserError e = error_of("data: {selective_copying: {length: 32, copied: 16}}");
  EXPECT_EQ(e.help, "use length: 33 or more");
}

TEST(Markov, StationaryDistributionIsAFixedPoint) {
  const MarkovChain chain(5, 2, 0.3, 4);
  std::vector<double> next(25);
  for (int64_t s = 0; s < 25; ++s)
    for (int64_t w = 0; w < 5; ++w)
      next[size_t(s % 5 * 5 + w)] += chain.stationary()[size_t(s)] * chain.row(s)[size_t(w)];
  for (size_t s = 0; s < 25; ++s) EXPECT_NEAR(next[s], chain.stationary()[s], 1e-12);
  EXPECT_NEAR(std::accumulate(next.begin(), next.end(), 0.0), 1.0, 1e-12);
}

TEST(Markov, ConcentrationMovesTheEntropyBetweenZeroAndUniform) {
  EXPECT_NEAR(MarkovChain(8, 1, 1e5, 1).entropy_rate(), std::log(8.0), 1e-3);
  EXPECT_LT(MarkovChain(8, 1, 1e-3, 1).entropy_rate(), 0.1);
}

TEST(Markov, SamplesHaveTheEntropyRateOfTheChain) {
  const MarkovChain chain(6, 2, 0.4, 9);
  Random random(3);
  std::vector<int32_t> text(200'000);
  chain.sample(random, text);
  double loss = 0;
  for (size_t i = 2; i < text.size(); ++i)
    loss -= std::log(chain.row(text[i - 2] * 6 + text[i - 1])[size_t(text[i])]);
  EXPECT_NEAR(loss / double(text.size() - 2), chain.entropy_rate(), 0.01);
}

TEST(Markov, SamplesStartInTheStationaryDistribution) {
  const MarkovChain chain(4, 1, 0.3, 2);
  std::vector<double> share(4);
  for (uint64_t i = 0; i < 20'000; ++i) {
    Random random(1, i);
    int32_t first = 0;
    chain.sample(random, std::span(&first, 1));
    share[size_t(first)] += 1.0 / 20'000;
  }
  for (size_t s = 0; s < 4; ++s) EXPECT_NEAR(share[s], chain.stationary()[s], 0.015);
}

TEST(MarkovText, ScoresOnlyPositionsWithAWholeContext) {
  const auto data = open_text_spec("data: {markov_text: {order: 3, symbols: 4, context: 10}}");
  const Batch batch = read_batch(*data, Split::kValidation, {0});
  EXPECT_EQ(std::ranges::count(batch.target.i32(), -1), 2);
  EXPECT_EQ(batch.target.i32()[2], batch.x.i32()[3]);
}

TEST(MarkovText, TheChainIsTheSameForEverySeedTheTextIsNot) {
  const std::string spec = "data: {markov_text: {order: 1}}";
  const auto one = open_text_spec(spec, 1), two = open_text_spec(spec, 2);
  EXPECT_EQ(one->reference_losses().at(0), two->reference_losses().at(0));
  EXPECT_NE(one->reference_losses().at(1), two->reference_losses().at(1));  // on their own symbols
  EXPECT_FALSE(same(read_batch(*one, Split::kTest, {0}), read_batch(*two, Split::kTest, {0})));
}

TEST(MarkovText, EveryEpochHasNewTrainingTextButTheSameValidation) {
  const auto data = open_text_spec("data: markov_text");
  EXPECT_FALSE(
      same(read_batch(*data, Split::kTrain, {0}, 11), read_batch(*data, Split::kTrain, {0}, 12)));
  EXPECT_TRUE(same(read_batch(*data, Split::kTest, {0}), read_batch(*data, Split::kTest, {0})));
}

// Sums over what is read, against what the data says.
TEST(MarkovText, SaysTheChainsOwnLossOnTheSymbolsThatAreEvaluated) {
  const auto data = open_text_spec(
      "data: {markov_text: {order: 2, symbols: 5, context: 12, zipf: 1.1, val: 9, test: 7}}");
  const MarkovChain chain(5, 2, 0.3, 1, 1.1);
  const std::vector<ReferenceLoss> losses = data->reference_losses();
  ASSERT_EQ(losses.size(), 3u);
  EXPECT_TRUE(losses[0].floor);
  EXPECT_NEAR(losses[0].loss, chain.entropy_rate(), 1e-12);
  EXPECT_EQ(losses[1].name, "the chain itself on val");
  EXPECT_FALSE(losses[1].floor);
  double sum = 0;
  int scored = 0;
  for (int64_t i = 0; i < 9; ++i) {
    const Batch batch = read_batch(*data, Split::kValidation, {i});
    const auto x = batch.x.i32(), target = batch.target.i32();
    for (size_t t = 0; t < target.size(); ++t) {
      if (target[t] < 0) continue;
      sum -= std::log(chain.row(x[t - 1] * 5 + x[t])[size_t(target[t])]);
      ++scored;
    }
  }
  EXPECT_NEAR(losses[1].loss, sum / scored, 1e-9);
}

TEST(Markov, SymbolsAndStatesAreAsUnevenAsZipfSays) {
  const MarkovChain even(64, 1, 0.3, 1), uneven(64, 1, 3.0, 1, 1.2);
  const auto largest = [](const MarkovChain& c) { return std::ranges::max(c.stationary()); };
  EXPECT_LT(largest(even), 0.1);
  // The share of rank r is r^-1.2 / 2.7..., but for what rows of this concentration stray.
  double sum = 0;
  for (int r = 1; r <= 64; ++r) sum += std::pow(r, -1.2);
  for (int r : {1, 2, 4})
    EXPECT_NEAR(uneven.stationary()[size_t(r) - 1] * sum * std::pow(r, 1.2), 1, 0.35) << r;
}

TEST(MarkovText, RefusesTooManyStates) {
  const UserError e = error_of("data: {markov_text: {symbols: 100, order: 4}}");
  EXPECT_STREQ(e.what(),
               "markov_text: 100 symbols of order 4 make a table of more than 4194304 "
               "probabilities");
}

}  // namespace
}  // namespace cambium::generated_test
