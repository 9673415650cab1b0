// What `cambium scale` prints of runs that tell little: each sentence is true of them.
#include <cmath>

#include <gtest/gtest.h>

#include "core/rng.h"
#include "core/system/files.h"
#include "core/text/fmt.h"
#include "tests/app/run_in_process.h"
#include "tests/support/data/test_data.h"

namespace cambium::scale_test {
namespace {
struct Made {
  double wave = 0;
  std::string group = "a";
  int pairs = 1000;  // configurations with a second seed
};

std::string lines_of(const Made& m) {
  Random random(3);
  std::string text;
  int made = 0;
  for (double n = 1e7; n < 4e8; n *= 2)
    for (double ratio : {5.0, 10.0, 20.0, 40.0}) {
      const double loss = (1.8 + 480 / std::pow(n, .35) + 2100 / std::pow(ratio * n, .37)) *
                          (1 + m.wave * std::sin(3 * std::log(n)));
      for (int seed = 0; seed < (made < m.pairs ? 2 : 1); ++seed)
        text += fmt::format("{},{},{},{:.8g},{}\n", m.group, n, ratio * n,
                            loss * std::exp(.001 * random.normal()), seed);
      ++made;
    }
  return text;
}

test::Ran scale_of(const std::string& lines, std::vector<std::string> more = {}) {
  const test::TempFolder folder;
  const std::string file = folder.path("p.csv");
  replace_file(file, "group,params,tokens,loss,seed\n" + lines);
  more.insert(more.begin(), {"scale", file});
  return test::run_words(more);
}

bool says(const test::Ran& ran, const std::string& text) {
  return ran.out.find(text) != ran.out.npos;
}

TEST(Scale, ARefusedFormForetellsNothingBeyondTheData) {
  const test::Ran held = scale_of(lines_of({.wave = 0.02}), {"--hold-out", "largest"});
  EXPECT_EQ(held.code, 0) << held.err;
  EXPECT_TRUE(says(held, "this form does not hold: ")) << held.out;
  EXPECT_TRUE(says(held, "beyond the data it foretells nothing")) << held.out;
  const test::Ran all = scale_of(lines_of({.wave = 0.02}));
  EXPECT_TRUE(says(all, "; parameters and allocation are withheld\n")) << all.out;
  EXPECT_FALSE(says(all, "foretells")) << all.out;
}

TEST(Scale, OnePairTestsNoForm) {
  const test::Ran ran = scale_of(lines_of({.pairs = 1}));
  EXPECT_TRUE(says(ran,
                   "whether the form holds cannot be tested fairly: repeats have 1 degree of "
                   "freedom, fewer than 3 (the closest at N = 1.000e+07, D = 5.000e+07)"))
      << ran.out;
  EXPECT_TRUE(says(scale_of(lines_of({})), " degrees of freedom, p = "));
}

TEST(Scale, OneBadGroupIsReportedBesideTheOthers) {
  const std::string good = lines_of({}), bad = "b,1e7,1e8,3,0\n";
  const test::Ran some = scale_of(good + bad);
  EXPECT_EQ(some.code, 0);
  EXPECT_TRUE(says(some, "a: 48 runs of 24 configurations")) << some.out;
  EXPECT_TRUE(says(some, "b: not fitted: law 'chinchilla' has 5 parameters")) << some.out;
  EXPECT_EQ(scale_of(bad).code, 1);
  EXPECT_EQ(scale_of(bad + "c,1e7,1e8,3,0\n").code, 1);
}
}  // namespace
}  // namespace cambium::scale_test
