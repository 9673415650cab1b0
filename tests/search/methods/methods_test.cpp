// What every method must keep, whatever it proposes: the tests follow from the registry.
#include <algorithm>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "core/yaml/spec.h"
#include "search/methods/support/proposer.h"
#include "search/space/space_reader.h"
#include "tests/support/expect_error.h"

namespace cambium::methods_test {
namespace {
Space space_of(const std::string& yaml) {
  const Yaml root = parse_yaml(yaml, "s.yaml");
  return Space(read_dimensions(*root.find("space"), {}), read_where(root.find("where")), {},
               root.mark);
}

const std::string kMixed =
    "space:\n"
    "  pattern: {pattern: ACM, length: 2..4}\n"
    "  heads: [2, 4, 8]\n"
    "  dim: {int: [8, 32], step: 4}\n"
    "  lr: {log: [1e-4, 1e-1]}\n"
    "  window: {when: \"pattern has A\", values: [0, 32, 64]}\n"
    "  decay: {when: \"window > 0\", float: [0, 1]}\n"
    "where: [\"dim % heads == 0\"]\n";
const std::string kSmall =
    "space: {a: [x, y, z], b: {int: [0, 4]}, c: {when: a == x, values: [0, 1]}}";

// Worth something in every dimension; one trial in seven fails, one in five breaks a condition.
TrialOutcome outcome_of(const Space& space, const SpacePoint& p, bool two) {
  const std::string text = space.text(p);
  const uint64_t h = stream_of(text);
  if (h % 7 == 0) return {.failed = true};
  double loss = double(p.genes[0].letters.size()) + double(p.genes[1].index);
  for (const char c : p.genes[0].letters) loss += c == 'M' ? -2 : c == 'C' ? 1 : 0;
  TrialOutcome o{{loss}};
  if (two) o.losses.push_back(double(h % 1000));
  o.violation = h % 5 == 0 ? double(h % 11) : 0;
  return o;
}

class Methods : public ::testing::TestWithParam<const Method*> {
 protected:
  ProposerSettings settings(uint64_t seed = 3) const {
    return {GetParam(), GetParam()->attrs.parse({}, nullptr), seed, 8, {}};
  }

  bool two() const { return GetParam()->many_objectives; }

  // The texts of n trials by `workers` whose trials take times drawn from `seed`.
  std::vector<std::string> list(const Space& space, int64_t n, size_t workers,
                                uint64_t seed) const {
    Proposer proposer(space, settings());
    Random random(seed, stream_of("durations"));
    std::vector<std::pair<double, int64_t>> running;
    double now = 0;
    const auto end_one = [&] {
      const auto first = std::ranges::min_element(running);
      now = first->first;
      proposer.tell(first->second, outcome_of(space, proposer.point(first->second), two()));
      running.erase(first);
    };
    while (proposer.size() < n) {
      if (running.size() == workers) end_one();
      const Proposer::Next next = proposer.next();
      if (next.kind == Proposer::Next::kExhausted) break;
      if (next.kind == Proposer::Next::kLater) {
        end_one();
        continue;
      }
      running.emplace_back(now + std::exp(random.normal()), next.trial);
    }
    std::vector<std::string> texts;
    for (int64_t t = 0; t < proposer.size(); ++t) texts.push_back(space.text(proposer.point(t)));
    return texts;
  }
};

TEST_P(Methods, TheListIsTheSameForAnyNumberOfWorkers) {
  const Space space = space_of(kMixed);
  const std::vector<std::string> one = list(space, 70, 1, 0);
  ASSERT_EQ(one.size(), 70u);
  EXPECT_EQ(list(space, 70, 2, 1), one);
  EXPECT_EQ(list(space, 70, 4, 2), one);
  EXPECT_EQ(list(space, 70, 8, 3), one);
}

TEST_P(Methods, TheListGoesOnAfterARestart) {
  const Space space = space_of(kMixed);
  const std::vector<std::string> whole = list(space, 60, 4, 0);
  for (const int64_t cut : {1, 13, 41}) {
    Proposer again(space, settings());
    // What was recorded is proposed again and told again, at once.
    for (int64_t t = 0; t < 60; ++t) {
      ASSERT_EQ(again.next().kind, Proposer::Next::kTrial);
      ASSERT_EQ(space.text(again.point(t)), whole[size_t(t)]) << "trial " << t;
      if (t < cut || t >= cut + 4)
        again.tell(t, outcome_of(space, again.point(t), two()));
      else if (t == cut + 3)
        for (int64_t late = cut + 3; late >= cut; --late)
          again.tell(late, outcome_of(space, again.point(late), two()));
    }
  }
}

TEST_P(Methods, RestoredTrialsNeedNoProposing) {
  const Space space = space_of(kMixed);
  Proposer whole(space, settings());
  for (int64_t t = 0; t < 60; ++t) {
    ASSERT_EQ(whole.next().kind, Proposer::Next::kTrial);
    whole.tell(t, outcome_of(space, whole.point(t), two()));
  }
  Proposer again(space, settings());
  for (int64_t t = 0; t < 40; ++t) again.restore(whole.point(t));
  EXPECT_EQ(again.next().kind, Proposer::Next::kLater);
  for (int64_t t = 39; t >= 0; --t) again.tell(t, *whole.outcome(t));
  for (int64_t t = 40; t < 60; ++t) {
    ASSERT_EQ(again.next().kind, Proposer::Next::kTrial);
    ASSERT_EQ(again.key(t), whole.key(t)) << "trial " << t;
    again.tell(t, outcome_of(space, again.point(t), two()));
  }
}

TEST_P(Methods, ProposalsAreValidAndNeverRepeat) {
  const Space space = space_of(kMixed);
  Proposer proposer(space, settings(5));
  std::set<std::string> seen;
  for (int64_t t = 0; t < 150; ++t) {
    ASSERT_EQ(proposer.next().kind, Proposer::Next::kTrial);
    EXPECT_TRUE(space.valid(proposer.point(t))) << space.text(proposer.point(t));
    EXPECT_TRUE(seen.insert(proposer.key(t)).second) << proposer.key(t);
    proposer.tell(t, outcome_of(space, proposer.point(t), two()));
  }
}

TEST_P(Methods, ASpaceIsExhaustedAfterEveryPointOnce) {
  const Space space = space_of(kSmall);
  Proposer proposer(space, settings());
  for (;;) {
    const Proposer::Next next = proposer.next();
    if (next.kind == Proposer::Next::kExhausted) break;
    ASSERT_EQ(next.kind, Proposer::Next::kTrial);
    proposer.tell(next.trial, {.losses = {double(next.trial % 5), 1.0}});
  }
  EXPECT_EQ(proposer.size(), 5 * 4);
}

TEST_P(Methods, AProposalWaitsForTheTrialThatItMayLookAt) {
  const Space space = space_of(kMixed);
  Proposer proposer(space, settings());
  for (int64_t t = 0; t < 8; ++t) EXPECT_EQ(proposer.next().kind, Proposer::Next::kTrial);
  EXPECT_EQ(proposer.next().kind, Proposer::Next::kLater);
  proposer.tell(1, {.losses = {1.0, 1.0}});
  EXPECT_EQ(proposer.next().kind, Proposer::Next::kLater);
  proposer.tell(0, {.losses = {1.0, 1.0}});
  EXPECT_EQ(proposer.next().kind, Proposer::Next::kTrial);
}

TEST_P(Methods, AFailureOfEveryTrialIsSurvived) {
  const Space space = space_of(kMixed);
  Proposer proposer(space, settings());
  for (int64_t t = 0; t < 60; ++t) {
    ASSERT_EQ(proposer.next().kind, Proposer::Next::kTrial);
    proposer.tell(t, {.failed = true});
  }
}

TEST_P(Methods, TheSeedMattersUnlessNothingIsDrawn) {
  const Space space = space_of(kMixed);
  const auto first = [&](uint64_t seed) {
    Proposer proposer(space, settings(seed));
    proposer.next();
    return proposer.key(0);
  };
  EXPECT_EQ(first(1) == first(2), GetParam()->name == "grid");
}

std::vector<const Method*> all_methods() {
  return {builtin_methods().begin(), builtin_methods().end()};
}

INSTANTIATE_TEST_SUITE_P(All, Methods, ::testing::ValuesIn(all_methods()),
                         [](const auto& info) { return std::string(info.param->name); });

// The least loss of 60 trials, meant over seeds, on a space of numbers of which one is there only
// sometimes; 0 is the best there is.
double mean_least_loss(const std::string& name, int seeds = 20) {
  const Space space = space_of(
      "space: {lr: {log: [1e-4, 1]}, dim: {int: [1, 64]}, kind: [a, b, c], share: {when: kind == "
      "b, "
      "float: [0, 1]}}");
  const Method& method = find_method(name, {});
  double sum = 0;
  for (int seed = 0; seed < seeds; ++seed) {
    Proposer proposer(space, {&method, method.attrs.parse({}, nullptr), uint64_t(seed), 8, {}});
    double least = 100;
    for (int64_t t = 0; t < 60; ++t) {
      proposer.next();
      const SpacePoint& p = proposer.point(t);
      double loss = std::pow(std::log10(p.genes[0].real) + 2.5, 2);
      loss += std::pow((double(p.genes[1].index) - 40) / 16, 2);
      loss += p.genes[2].index == 1 ? 2 * std::abs(p.genes[3].real - 0.3) : 1;
      proposer.tell(t, {.losses = {loss}});
      least = std::min(least, loss);
    }
    sum += least / seeds;
  }
  return sum;
}

TEST(Method, OfNumbersFindsMoreThanRandom) {
  const double random = mean_least_loss("random");
  for (const char* name : {"evolution", "tpe"})
    EXPECT_LT(mean_least_loss(name), 0.6 * random) << name << ", random " << random;
  EXPECT_LT(mean_least_loss("gp", 4), 0.4 * random) << "random " << random;
}

// A trial that breaks a condition is a worse parent than any that does not.
TEST(Method, ConditionsOnResultsSteer) {
  const Space space = space_of("space: {x: {float: [0, 1]}, y: {float: [0, 1]}}");
  for (const char* name : {"evolution", "nsga2", "tpe", "gp"}) {
    const Method& method = find_method(name, {});
    Proposer proposer(space, {&method, method.attrs.parse({}, nullptr), 1, 8, {}});
    int late = 0;
    for (int64_t t = 0; t < 120; ++t) {
      proposer.next();
      const double x = proposer.point(t).genes[0].real, y = proposer.point(t).genes[1].real;
      // The loss pulls to x = 1, the condition x + y <= .3 holds in a twentieth of the space.
      proposer.tell(t, {.losses = {-x}, .violation = std::max(0.0, x + y - 0.3)});
      late += t >= 80 && x + y <= 0.3;
    }
    EXPECT_GE(late, 12) << name << ": of 40, where 2 would be drawn";
  }
}

TEST(Method, NamesAreSuggested) {
  const UserError e = test::error_of([] { find_method("evolutoin", {"s", 2, 3}); });
  EXPECT_EQ(test::text_of(e), "2:3: unknown method 'evolutoin'");
  EXPECT_EQ(e.help, "did you mean 'evolution'?");
}

TEST(Grid, GoesThroughAllCombinationsInOrder) {
  const Space space = space_of("space: {a: [x, y], b: {float: [0, 1]}}");
  const Method& grid = find_method("grid", {});
  Proposer proposer(space,
                    {&grid, grid.attrs.parse(std::vector<Arg>{{"points", 3}}, nullptr), 0, 8, {}});
  std::string all;
  while (proposer.next().kind == Proposer::Next::kTrial) {
    proposer.tell(proposer.size() - 1, {.losses = {0.0}});
    all += space.text(proposer.point(proposer.size() - 1)) + "; ";
  }
  EXPECT_EQ(all, "a=x, b=0; a=x, b=0.5; a=x, b=1; a=y, b=0; a=y, b=0.5; a=y, b=1; ");
}

// Sixteen points of a (0, 2)-sequence fill every 4 by 4 cell once, shifted or not.
TEST(Sobol, FillsEveryCellOnce) {
  const Space space = space_of("space: {a: {float: [0, 4]}, b: {float: [0, 4]}}");
  const Method& sobol = find_method("sobol", {});
  for (const uint64_t seed : {1, 2, 3}) {
    Proposer proposer(space, {&sobol, sobol.attrs.parse({}, nullptr), seed, 32, {}});
    std::set<std::pair<int, int>> cells;
    for (int64_t t = 0; t < 17; ++t) proposer.next();
    // The sequence's first point is its origin, which Boost leaves out: aligned blocks begin later.
    for (int64_t t = 0; t < 15; ++t)
      cells.emplace(int(proposer.point(t).genes[0].real), int(proposer.point(t).genes[1].real));
    EXPECT_EQ(cells.size(), 15u) << "seed " << seed;
  }
}
}  // namespace
}  // namespace cambium::methods_test
