// The generated token tasks: every scored answer follows from what the model sees.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "core/tensor/adjacency.h"
#include "data/generated/state_tracking.h"
#include "tests/data/support.h"

namespace cambium::tasks_test {
namespace {
using Ints = std::vector<int32_t>;

// One example as plain vectors.
struct Example {
  Ints x, target;
};

Example example_of(const Dataset& data, Split split, int64_t index) {
  const Batch b = read_batch(data, split, {index});
  return {Ints(b.x.i32().begin(), b.x.i32().end()),
          Ints(b.target.i32().begin(), b.target.i32().end())};
}

TEST(NoisyInContextRecall, EvaluationScoresTheValuesOfSeenKeysAmongNoise) {
  const auto data = open_text_spec("data: {noisy_in_context_recall: {length: 64, noise: 0.5}}");
  int64_t noisy = 0, clean = 0;
  for (int64_t index = 0; index < 50; ++index) {
    const auto [x, target] = example_of(*data, Split::kTest, index);
    std::map<int32_t, int32_t> value_of;
    for (size_t t = 0; t < x.size(); t += 2) {
      const bool noise = x[t] >= 16;
      (noise ? noisy : clean) += 1;
      const auto known = value_of.find(x[t]);
      EXPECT_EQ(target[t], noise || known == value_of.end() ? -1 : known->second);
      if (t + 1 == x.size()) break;
      EXPECT_EQ(x[t + 1] >= 16, noise);
      EXPECT_EQ(target[t + 1], -1);
      if (!noise) {
        EXPECT_TRUE(x[t] < 8 && x[t + 1] >= 8);
        EXPECT_EQ(value_of.emplace(x[t], x[t + 1]).first->second, x[t + 1]);
      }
    }
    EXPECT_NE(target.back(), -1);
  }
  EXPECT_NEAR(double(noisy) / double(noisy + clean), 0.5 * 30 / 32, 0.05);
}

TEST(NoisyInContextRecall, OnePairIsCleanWhateverTheNoise) {
  const auto data = open_text_spec("data: {noisy_in_context_recall: {length: 32, noise: 1}}");
  for (int64_t index = 0; index < 20; ++index) {
    const auto [x, target] = example_of(*data, Split::kTrain, index);
    EXPECT_EQ(std::ranges::count_if(x, [](int32_t v) { return v < 8; }), 2);  // and the probe
    EXPECT_TRUE(std::equal(x.begin() + 1, x.end(), target.begin()));
  }
}

TEST(NoisyInContextRecall, RefusesSizesThatLeaveNoPairs) {
  const UserError e = error_of("data: {noisy_in_context_recall: {vocab: 20, noise_vocab: 17}}");
  EXPECT_STREQ(e.what(),
               "noisy_in_context_recall: vocab = 20 less noise_vocab = 17 leaves 3 symbols for "
               "keys and values; it takes an even number from 4 on");
  EXPECT_EQ(e.help, "use noise_vocab: 16");
}

// Reads a sequence of evaluation (keys of three tokens) back into pairs.
TEST(FuzzyInContextRecall, EvaluationScoresTheValueTokensOfSeenKeys) {
  const auto data = open_text_spec("data: fuzzy_in_context_recall");
  for (int64_t index = 0; index < 100; ++index) {
    const auto [x, target] = example_of(*data, Split::kTest, index);
    Ints s = x;  // the whole sequence: the last target is its last token
    s.push_back(target.back());
    size_t at = 0;
    for (; s[at] == 15; ++at)
      if (at > 0) {
        EXPECT_EQ(target[at - 1], -1);
      }
    std::map<Ints, Ints> value_of;
    bool known = false;
    while (at < s.size()) {
      const Ints key(s.begin() + long(at), s.begin() + long(at) + 3);
      for (size_t i = 0; i < 3; ++i, ++at) {
        EXPECT_LT(s[at], 7);
        EXPECT_EQ(target[at - 1], -1);
      }
      EXPECT_EQ(std::set(key.begin(), key.end()).size(), 3u);
      known = value_of.contains(key);
      Ints value;
      for (; at < s.size() && s[at] >= 7; ++at) {
        value.push_back(s[at]);
        EXPECT_EQ(target[at - 1], known ? s[at] : -1);
      }
      EXPECT_TRUE(value.size() >= 1 && value.size() <= 3);
      EXPECT_EQ(value_of.emplace(key, value).first->second, value);
    }
    EXPECT_TRUE(known) << "the probe was not seen before";
  }
}

TEST(FuzzyInContextRecall, TrainingScoresEveryToken) {
  const auto data = open_text_spec("data: {fuzzy_in_context_recall: {length: 40}}");
  std::set<size_t> key_sizes;
  for (int64_t index = 0; index < 30; ++index) {
    const auto [x, target] = example_of(*data, Split::kTrain, index);
    for (size_t t = 0; t + 1 < x.size(); ++t) EXPECT_EQ(target[t], x[t + 1]);
    const auto first = std::ranges::find_if(x, [](int32_t v) { return v != 15; });
    EXPECT_GT(x.end() - first, 40 - 6 - 6 - 1);
    key_sizes.insert(
        size_t(std::find_if(first, x.end(), [](int32_t v) { return v >= 7; }) - first));
  }
  EXPECT_EQ(key_sizes, (std::set<size_t>{1, 2, 3}));
}

TEST(FuzzyInContextRecall, RefusesImpossibleSizes) {
  EXPECT_EQ(error_of("data: {fuzzy_in_context_recall: {vocab: 6}}").help, "use vocab: 7");
  EXPECT_EQ(error_of("data: {fuzzy_in_context_recall: {length: 12}}").help,
            "use length: 13 or more");
  EXPECT_NO_THROW(example_of(*open_text_spec("data: {fuzzy_in_context_recall: {length: 13}}"),
                             Split::kTest, 0));
}

TEST(Compression, AsksForTheSequenceItself) {
  const auto data = open_text_spec("data: {compression: {vocab: 5, length: 9}}");
  const auto [x, target] = example_of(*data, Split::kTrain, 3);
  EXPECT_EQ(x, target);
  EXPECT_EQ(x.back(), 4);
  EXPECT_EQ(std::ranges::count(x, 4), 1);
}

TEST(Memorization, HasOneDictionaryForEverySeedAndSequence) {
  std::map<int32_t, int32_t> value_of;
  for (const uint64_t seed : {1, 2}) {
    const auto data = open_text_spec("data: {memorization: {vocab: 20}}", seed);
    EXPECT_EQ(data->count(Split::kTrain), 256);
    for (const Split split : {Split::kTrain, Split::kTest})
      for (int64_t index = 0; index < 20; ++index) {
        const auto [x, target] = example_of(*data, split, index);
        for (size_t t = 0; t < x.size(); t += 2) {
          EXPECT_LT(x[t], 9);
          EXPECT_EQ(x[t + 1], 19);
          EXPECT_EQ(target[t], -1);
          EXPECT_EQ(value_of.emplace(x[t], target[t + 1]).first->second, target[t + 1]);
        }
      }
  }
  std::set<int32_t> values;
  for (const auto& [key, value] : value_of) values.insert(value);
  EXPECT_EQ(values.size(), 9u);
  EXPECT_TRUE(*values.begin() >= 9 && *values.rbegin() < 19);
}

TEST(Mqar, AsksOnceForEveryKeyAndScoresNothingElse) {
  const auto data = open_text_spec("data: {mqar: {vocab: 64, length: 40, pairs: 6}}");
  for (int64_t index = 0; index < 50; ++index) {
    const auto [x, target] = example_of(*data, Split::kTrain, index);
    std::map<int32_t, int32_t> value_of;
    for (size_t p = 0; p < 12; p += 2) {
      EXPECT_TRUE(x[p] >= 1 && x[p] < 32 && x[p + 1] >= 32 && x[p + 1] < 64);
      value_of[x[p]] = x[p + 1];
    }
    EXPECT_EQ(value_of.size(), 6u);
    EXPECT_EQ(std::ranges::count(target, -1), 40 - 6);
    for (size_t t = 12; t < x.size(); ++t) {
      EXPECT_EQ(x[t] == 0, target[t] == -1);
      if (x[t] == 0) continue;
      EXPECT_EQ(t % 2, 0u);
      EXPECT_EQ(target[t], value_of.at(x[t]));
      value_of.erase(x[t]);
    }
    EXPECT_TRUE(value_of.empty());
  }
  EXPECT_EQ(data->shape(3).most_scored, 18);
}

TEST(Mqar, GapsFollowThePowerLaw) {
  const auto data =
      open_text_spec("data: {mqar: {vocab: 16, length: 12, pairs: 1, power: 0.01, train: 4000}}");
  std::array<double, 5> share{};
  for (int64_t index = 0; index < 4000; ++index) {
    const auto [x, target] = example_of(*data, Split::kTrain, index);
    const auto at = std::ranges::find_if(target, [](int32_t t) { return t >= 0; });
    share[size_t(at - target.begin() - 2) / 2] += 1.0 / 4000;
  }
  double total = 0;
  for (int g = 1; g <= 5; ++g) total += std::pow(g, -0.99);
  for (int g = 1; g <= 5; ++g) EXPECT_NEAR(share[size_t(g - 1)], std::pow(g, -0.99) / total, 0.03);
}

TEST(Mqar, OtherTokensMayBeRandom) {
  const auto data = open_text_spec("data: {mqar: {random_others: true}}");
  EXPECT_LT(std::ranges::count(example_of(*data, Split::kTest, 0).x, 0), 5);
}

TEST(Mqar, RefusesImpossibleSizes) {
  EXPECT_EQ(error_of("data: {mqar: {length: 30, pairs: 8}}").help, "use length: 32 or more");
  EXPECT_EQ(error_of("data: {mqar: {vocab: 10, pairs: 5, length: 32}}").help,
            "use vocab: 12 or more");
  EXPECT_STREQ(error_of("data: {mqar: {length: 63}}").what(),
               "mqar: length = 63 is odd; keys and values come in pairs");
}

// What is written must follow from what is read, by each task's own rule.
class Transductions : public testing::TestWithParam<std::string> {};

TEST_P(Transductions, WritesWhatItsNameSays) {
  const auto data = open_text_spec(str("data: {", GetParam(), ": {vocab: 9, tokens: 7}}"));
  for (int64_t index = 0; index < 20; ++index) {
    const auto [x, target] = example_of(*data, Split::kValidation, index);
    Ints wanted(x.begin(), x.begin() + 7);
    for (const int32_t token : wanted) EXPECT_LT(token, 7);
    if (GetParam() == "reverse") std::ranges::reverse(wanted);
    if (GetParam() == "sort") std::ranges::sort(wanted);
    EXPECT_EQ(Ints(target.begin() + 7, target.end()), wanted);
    EXPECT_EQ(std::ranges::count(target, -1), 7);
    EXPECT_EQ(x[7], 8);
    EXPECT_TRUE(std::equal(x.begin() + 8, x.end(), wanted.begin()));
  }
}

TEST_P(Transductions, ShowsBlanksWhenNothingIsFed) {
  const auto data =
      open_text_spec(str("data: {", GetParam(), ": {vocab: 9, tokens: 7, feed: false}}"));
  EXPECT_EQ(std::ranges::count(example_of(*data, Split::kTest, 0).x, 7), 6);
}

INSTANTIATE_TEST_SUITE_P(All, Transductions, testing::Values("copy", "reverse", "sort"),
                         [](const auto& info) { return info.param; });

TEST(ModularAddition, SplitsTheWholeTable) {
  const auto data = open_text_spec("data: {modular_addition: {modulus: 11, share: 0.4}}");
  std::set<std::pair<int32_t, int32_t>> seen;
  for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest})
    for (int64_t index = 0; index < data->count(split); ++index) {
      const auto [x, target] = example_of(*data, split, index);
      EXPECT_EQ(x[2], 11);
      EXPECT_EQ(target, (Ints{-1, -1, (x[0] + x[1]) % 11}));
      EXPECT_TRUE(seen.emplace(x[0], x[1]).second);
    }
  EXPECT_EQ(seen.size(), 121u);
  EXPECT_EQ(data->count(Split::kTrain), 48);
}

TEST(ModularAddition, RefusesAShareThatLeavesNothing) {
  const UserError e = error_of("data: {modular_addition: {modulus: 2, share: 0.9}}");
  EXPECT_STREQ(e.what(),
               "modular_addition: share = 0.9 of the 4 sums leaves 3 to train, 0 to validate on");
}

TEST(Parity, CountsTheOnesSoFar) {
  const auto data = open_text_spec("data: {parity: {length: 20, train_length: 8}}");
  for (const Split split : {Split::kTrain, Split::kTest}) {
    const auto [x, target] = example_of(*data, split, 5);
    int32_t ones = 0;
    for (size_t t = 0; t < 20; ++t) {
      ones += x[t];
      EXPECT_EQ(target[t], split == Split::kTrain && t >= 8 ? -1 : ones % 2);
    }
  }
  EXPECT_EQ(error_of("data: {parity: {length: 20, train_length: 21}}").help,
            "use train_length: 20 or less");
}

// The number-th permutation of 0 .. 4 in lexicographic order, by another way than the dataset's.
std::array<int, 5> permutation_of(int32_t number) {
  Ints left = {0, 1, 2, 3, 4};
  std::array<int, 5> p{};
  for (int32_t i = 0, block = 24; i < 5; ++i) {
    const int32_t pick = number / block;
    p[size_t(i)] = left[size_t(pick)];
    left.erase(left.begin() + pick);
    number %= block;
    if (i < 3) block /= 4 - i;
  }
  return p;
}

TEST(S5, MultipliesPermutations) {
  for (const std::string moves : {"all", "swaps"}) {
    const auto data = open_text_spec("data: {s5: {length: 50, moves: " + moves + "}}");
    EXPECT_EQ(data->shape(1).classes, 120);
    const auto [x, target] = example_of(*data, Split::kTest, 2);
    std::array<int, 5> where = {0, 1, 2, 3, 4};
    for (size_t t = 0; t < x.size(); ++t) {
      const auto move = permutation_of(x[t]);
      int moved = 0;
      for (size_t i = 0; i < 5; ++i) moved += move[i] != int(i);
      if (moves == "swaps") {
        EXPECT_LE(moved, 2);
      }
      for (int& w : where) w = move[size_t(w)];
      EXPECT_EQ(permutation_of(target[t]), where);
    }
  }
}

TEST(RingVsChain, TheClassIsWhetherTheGraphIsOneRing) {
  for (const std::string other : {"chain", "two_rings"}) {
    const auto data = open_text_spec(
        "data: {ring_vs_chain: {nodes: 9, features: 2, kind: random, other: " + other + "}}");
    int64_t rings = 0;
    for (int64_t index = 0; index < 60; ++index) {
      const Batch b = read_batch(*data, Split::kTrain, {index});
      const Csr& in = b.adjacency->in;
      std::set<int32_t> reached = {0};  // from node 0
      for (Ints stack = {0}; !stack.empty();) {
        const auto node = size_t(stack.back());
        stack.pop_back();
        for (int32_t e = in.begin[node]; e < in.begin[node + 1]; ++e)
          if (reached.insert(in.neighbour[size_t(e)]).second)
            stack.push_back(in.neighbour[size_t(e)]);
      }
      const int64_t degrees = in.begin[9];
      const bool ring = reached.size() == 9 && degrees == 18;
      if (!ring) {
        EXPECT_TRUE(other == "chain" ? degrees == 16 : degrees == 18 && reached.size() < 9);
      }
      EXPECT_EQ(b.target.i32()[0], ring);
      rings += ring;
    }
    EXPECT_TRUE(rings > 15 && rings < 45);
  }
}
}  // namespace
}  // namespace cambium::tasks_test
