// Forms of mixtures on losses that are known, and the best mixtures that follow.
#include <cmath>

#include <gtest/gtest.h>

#include "core/rng.h"
#include "search/mixtures/fit/best.h"
#include "search/mixtures/fit/choose.h"
#include "search/mixtures/fit/ranks.h"
#include "search/mixtures/study/mix_pairs.h"
#include "tests/support/expect_error.h"

namespace cambium::forms_test {
namespace {
const MixtureDraws kWide{.around = {0.5, 0.3, 0.2}, .least_strength = 1, .most_strength = 10};

template <class F> MixturePoints points_of_truth(int64_t n, const F& loss, double noise = 0) {
  MixturePoints p{.sources = {"a", "b", "c"}, .shares = draw_mixtures(kWide, n, 7), .losses = {}};
  Random random(11);
  for (const auto& w : p.shares) p.losses.push_back(loss(w) + noise * random.normal());
  return p;
}

double linear(const std::vector<double>& w) {
  return 3 * w[0] + 2 * w[1] + 4 * w[2];
}

// Least where (w + .01) is as 6, 3 and 1: w = .608, .299, .093.
double logarithmic(const std::vector<double>& w) {
  return 2 - 0.6 * std::log(w[0] + 0.01) - 0.3 * std::log(w[1] + 0.01) -
         0.1 * std::log(w[2] + 0.01);
}

double exponential(const std::vector<double>& w) {
  return 1.5 + std::exp(0.8 * w[0] - 1.2 * w[1] + 0.1 * w[2]);
}

TEST(MixtureForms, FindTheTruthOfTheirOwnKind) {
  const std::vector<std::vector<double>> elsewhere = draw_mixtures(kWide, 40, 99);
  const auto check = [&](const char* name, double (*truth)(const std::vector<double>&)) {
    const auto fitted = mixture_form_named(name).fit(points_of_truth(24, truth));
    for (const auto& w : elsewhere) EXPECT_NEAR(fitted->at(w), truth(w), 1e-6) << name;
  };
  check("linear", linear);
  check("log_shares", logarithmic);
  check("exponential", exponential);
}

TEST(MixtureForms, TreesLearnWhatNoFormulaSays) {
  const auto steps = [](const std::vector<double>& w) {
    return (w[0] > 0.4 ? 1.0 : 2.0) + (w[1] > 0.3 ? 0.5 : 0.0);
  };
  const MixturePoints p = points_of_truth(300, steps);
  const FormChoice choice = choose_form(p, builtin_mixture_forms(), 0);
  EXPECT_EQ(choice.chosen().form->name, "trees");
  EXPECT_LT(choice.chosen().error, 0.2 * choice.constant_error);
}

TEST(MixtureForms, TooFewRunsAreRefused) {
  const auto e =
      test::error_of([] { mixture_form_named("linear").fit(points_of_truth(3, linear)); });
  EXPECT_STREQ(e.what(), "the form 'linear' of 3 sources takes 4 runs, and there are 3");
  EXPECT_STREQ(test::error_of([] { mixture_form_named("linaer"); }).help.c_str(),
               "did you mean 'linear'?");
  const auto none =
      test::error_of([] { choose_form(points_of_truth(3, linear), builtin_mixture_forms(), 0); });
  EXPECT_EQ(std::string(none.what()).find("no form can be fitted: "), 0u) << none.what();
}

TEST(MixtureForms, CrossValidationChoosesTheTrueForm) {
  for (const auto& [name, truth] :
       {std::pair("log_shares", &logarithmic), std::pair("exponential", &exponential)}) {
    const FormChoice choice =
        choose_form(points_of_truth(40, *truth, 0.002), builtin_mixture_forms(), 1);
    EXPECT_EQ(choice.chosen().form->name, name);
    EXPECT_GT(*choice.chosen().spearman, 0.95);
  }
}

// Runs of one mixture are never foretold from one another: of pure noise that is shared by the two
// runs of a mixture nothing can be foretold.
TEST(MixtureForms, RepeatsStandInOnePart) {
  MixturePoints p = points_of_truth(30, [](const auto&) { return 0.0; });
  Random random(5);
  for (double& loss : p.losses) loss = random.normal();
  const MixturePoints once = p;
  for (size_t i = 0; i < 30; ++i) {
    p.shares.push_back(once.shares[i]);
    p.losses.push_back(once.losses[i]);
  }
  const FormChoice choice = choose_form(p, builtin_mixture_forms(), 0);
  for (const FormScore& s : choice.scores) EXPECT_GT(s.error, 0.9 * choice.constant_error);
}

TEST(BestMixture, LiesWhereTheTruthIsLeast) {
  const MixturePoints p = points_of_truth(40, logarithmic, 0.01);
  const auto candidates = mixture_candidates(kWide, 0);
  const BestMixture best = best_mixture(p, mixture_form_named("log_shares"), candidates,
                                        {{0.3334, 0.3333, 0.3333}}, 0, 100);
  EXPECT_NEAR(best.shares[0], 0.608, 0.06);
  EXPECT_NEAR(best.shares[1], 0.299, 0.06);
  ASSERT_EQ(best.interval.size(), 3u);
  for (size_t s = 0; s < 3; ++s) {
    EXPECT_LE(best.interval[s].low, best.shares[s] + 1e-3);
    EXPECT_GE(best.interval[s].high, best.shares[s] - 1e-3);
  }
  const double truth = logarithmic({0.3334, 0.3333, 0.3333}) - logarithmic(best.shares);
  EXPECT_NEAR(best.above[0], truth, 0.02);
  EXPECT_LT(best.above_interval[0].low, truth);
  EXPECT_GT(best.above_interval[0].high, truth);
}

TEST(Spearman, IsTheCorrelationOfRanks) {
  EXPECT_DOUBLE_EQ(*spearman(std::vector{1.0, 2.0, 3.0}, std::vector{10.0, 20.0, 15.0}), 0.5);
  EXPECT_EQ(ranks_of(std::vector{3.0, 1.0, 3.0, 0.0}), (std::vector{2.5, 1.0, 2.5, 0.0}));
  EXPECT_FALSE(spearman(std::vector{1.0, 1.0}, std::vector{1.0, 2.0}));
  EXPECT_FALSE(spearman_interval(std::vector{1.0, 2.0}, std::vector{1.0, 2.0}));
}

MixRecord record_of(const std::vector<std::pair<std::string, MixturePoints>>& variants) {
  MixRecord r{.name = "r", .sources = {{"a"}, {"b"}, {"c"}}};
  for (const auto& [name, p] : variants)
    for (size_t i = 0; i < p.size(); ++i) r.runs.push_back({name, "", 0, p.shares[i], p.losses[i]});
  return r;
}

FittedVariant fitted(const std::string& name, const MixturePoints& p,
                     const std::vector<std::vector<double>>& candidates) {
  const MixtureForm& form = mixture_form_named("log_shares");
  return {name, &form, best_mixture(p, form, candidates, {}, 0, 200)};
}

TEST(MixturePairs, TellApartWhatWantsOtherMixturesAndNotWhatWantsTheSame) {
  const auto candidates = mixture_candidates(kWide, 0);
  const MixturePoints one = points_of_truth(40, logarithmic, 0.005);
  MixturePoints same = one, other = one;
  Random random(21);
  for (double& loss : same.losses) loss += 0.3 + 0.007 * random.normal();
  for (size_t i = 0; i < other.size(); ++i) {
    const auto& w = other.shares[i];
    other.losses[i] = logarithmic({w[2], w[1], w[0]}) + 0.005 * random.normal();
  }
  const MixRecord r = record_of({{"one", one}, {"same", same}, {"other", other}});
  const FittedVariant f = fitted("one", one, candidates);
  const MixturePair alike =
      compare_variants(r, f, fitted("same", same, candidates), candidates, 0, 200);
  EXPECT_FALSE(alike.differ);
  EXPECT_GT(alike.spearman, 0.95);
  EXPECT_EQ(alike.mixtures, 40);
  EXPECT_TRUE(std::isnan(alike.repeat));
  const MixturePair unlike =
      compare_variants(r, f, fitted("other", other, candidates), candidates, 0, 200);
  EXPECT_TRUE(unlike.differ);
  EXPECT_GT(unlike.differences[0].low, 0);
  EXPECT_LT(unlike.spearman, 0.5);
}
}  // namespace
}  // namespace cambium::forms_test
