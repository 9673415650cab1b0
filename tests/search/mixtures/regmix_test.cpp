// The forms of mixtures on RegMix's table: 512 mixtures of 17 parts of the Pile and what models of
// 1M parameters lose on Pile-CC, with 256 mixtures to foretell (Liu et al. 2024, arXiv 2407.01492).
#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/text/csv.h"
#include "search/mixtures/fit/best.h"
#include "search/mixtures/fit/choose.h"
#include "search/mixtures/fit/ranks.h"
#include "search/mixtures/mixture_table.h"
#include "tests/support/data/test_data.h"

namespace cambium::regmix_test {
namespace {
MixturePoints table(const std::string& part) {
  const std::string folder = test::data_path("mixtures/regmix/");
  return read_mixtures(str(folder, part, "_mixture_1m.csv"), str(folder, part, "_pile_loss_1m.csv"),
                       "metric/the_pile_pile_cc_val_loss");
}

double foretells(const MixtureForm& form, const MixturePoints& train, const MixturePoints& test) {
  const auto fitted = form.fit(train);
  std::vector<double> foretold;
  for (const auto& w : test.shares) foretold.push_back(fitted->at(w));
  return *spearman(foretold, test.losses);
}

// The first three are numpy's: its least squares of the same features, and a Levenberg-Marquardt of
// the exponential that ends at a sum of squares of 4.6832.
TEST(RegMix, FormsForetellTheRanksOfUnseenMixtures) {
  const MixturePoints train = table("train"), test = table("test");
  ASSERT_EQ(train.size(), 512u);
  ASSERT_EQ(test.size(), 256u);
  ASSERT_EQ(train.sources.size(), 17u);
  EXPECT_NEAR(foretells(mixture_form_named("linear"), train, test), 0.9016, 5e-4);
  EXPECT_NEAR(foretells(mixture_form_named("log_shares"), train, test), 0.9868, 5e-4);
  EXPECT_NEAR(foretells(mixture_form_named("exponential"), train, test), 0.9658, 5e-4);
  EXPECT_GE(foretells(mixture_form_named("trees"), train, test), 0.96);
}

TEST(RegMix, CrossValidationRanksFormsAsUnseenMixturesDo) {
  const MixturePoints train = table("train");
  const FormChoice choice = choose_form(train, builtin_mixture_forms(), 0);
  ASSERT_EQ(choice.scores.size(), 4u);
  for (const FormScore& s : choice.scores) {
    EXPECT_EQ(s.why_not, "");
    EXPECT_GE(*s.spearman, 0.88) << s.form->name;
    EXPECT_LT(s.error, 0.6 * choice.constant_error) << s.form->name;
  }
  EXPECT_NE(choice.chosen().form->name, "linear");
}

// Among the test mixtures, the one that the form likes best is among the best that there are.
TEST(RegMix, TheBestForetoldIsAmongTheBest) {
  const MixturePoints train = table("train"), test = table("test");
  const auto fitted = mixture_form_named("log_shares").fit(train);
  size_t best = 0;
  for (size_t i = 0; i < test.size(); ++i)
    if (fitted->at(test.shares[i]) < fitted->at(test.shares[best])) best = i;
  size_t better = 0;
  for (const double loss : test.losses) better += loss < test.losses[best];
  EXPECT_LE(better, 3u);
}
}  // namespace
}  // namespace cambium::regmix_test
