#include <algorithm>
#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "ops/product/support/eigen.h"
#include "search/answer/front.h"
#include "search/methods/support/distances.h"
#include "search/methods/support/gp_fit.h"
#include "search/methods/support/improvement.h"
#include "search/methods/support/known_losses.h"
#include "search/methods/support/proposer.h"
#include "search/space/space_reader.h"
#include "search/verdict/stats.h"
#include "tests/support/expect_error.h"

namespace cambium::gp_test {
namespace {
using Values = std::vector<double>;
using Points = std::vector<Values>;

Space space_of(const std::string& yaml) {
  const Yaml root = parse_yaml(yaml, "s.yaml");
  return Space(read_dimensions(*root.find("space"), {}), {}, {}, root.mark);
}

PointPairs pairs_of(const Points& x) {
  PointPairs out(x.size(), x[0].size());
  for (size_t i = 0; i < x.size(); ++i)
    for (size_t j = 0; j <= i; ++j)
      for (size_t g = 0; g < x[0].size(); ++g)
        out.at(i, j)[g] = (x[i][g] - x[j][g]) * (x[i][g] - x[j][g]);
  return out;
}

Values squared_to(const Points& from, const Points& to) {
  Values out;
  for (const Values& a : from)
    for (const Values& b : to)
      for (size_t g = 0; g < a.size(); ++g) out.push_back((a[g] - b[g]) * (a[g] - b[g]));
  return out;
}

// Twelve points and values, the same in Python:
//   X = [[(i*7%12)/12, (i*5%11)/11, (i*i%7)/7] for i in range(12)]
//   y = sin(5 a) + b^2 - c/2 of them, less its mean, over its deviation (ddof = 1)
struct Twelve {
  Points x;
  Values y;

  Twelve() {
    for (int i = 0; i < 12; ++i) {
      x.push_back({(i * 7 % 12) / 12.0, (i * 5 % 11) / 11.0, (i * i % 7) / 7.0});
      y.push_back(std::sin(5 * x[size_t(i)][0]) + x[size_t(i)][1] * x[size_t(i)][1] -
                  0.5 * x[size_t(i)][2]);
    }
    const double mean = mean_of(y), deviation = deviation_of(y);
    for (double& v : y) v = (v - mean) / deviation;
  }
};

const GpParameters kSome = {.signal = 1.7, .noise = 0.03, .lengths = {0.4, 0.9, 2.5}};

// scikit-learn 1.2.1: GaussianProcessRegressor(ConstantKernel(1.7) * Matern([.4, .9, 2.5], nu=2.5)
// + WhiteKernel(.03), optimizer=None, alpha=0).fit(X, y), its log_marginal_likelihood(theta,
// eval_gradient=True), and predict([...], return_std=True), whose variance holds the noise: it is
// taken off.
TEST(GaussianProcess, IsScikitLearns) {
  const Twelve t;
  Values gradient;
  EXPECT_NEAR(*log_marginal_likelihood(pairs_of(t.x), t.y, kSome, &gradient), -7.873190087166413,
              1e-11);
  const Values by_signal_lengths_noise = {-2.144369683023026, 2.979035228373785, 2.163215859298188,
                                          0.5022442465847314, -1.1089153852149285};
  const size_t order[] = {0, 2, 3, 4, 1};
  for (size_t i = 0; i < 5; ++i) EXPECT_NEAR(gradient[order[i]], by_signal_lengths_noise[i], 1e-11);
  const GaussianProcess process(pairs_of(t.x), t.y, kSome);
  const std::vector<Normal> found =
      process.at(squared_to({{0.5, 0.5, 0.5}, {0.05, 0.9, 0.3}, {1, 0, 1}, t.x[3]}, t.x));
  const Values means = {0.6000613908604742, 0.8293685461563578, -1.722634595876707,
                        -1.064672678314166};
  const Values deviations = {0.28078817936184386, 0.43292320170549264, 0.5461489423838827,
                             0.14586880339210065};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(found[i].mean, means[i], 1e-12);
    EXPECT_NEAR(found[i].deviation, deviations[i], 1e-12);
  }
  EXPECT_NEAR(process.means()[3], means[3], 1e-12);
}

TEST(GaussianProcess, KernelIsMaterns) {
  // 1 + sqrt5 r + 5 r^2 / 3 at r = .5^2 / .4^2 and .3^2 / .9^2
  const double r = std::sqrt(0.25 / 0.16 + 0.09 / 0.81), z = std::sqrt(5.0) * r;
  EXPECT_NEAR(matern52(Values{0.25, 0.09}, {2, 0.1, {0.4, 0.9}}),
              2 * (1 + z + 5 * r * r / 3) * std::exp(-z), 1e-14);
  EXPECT_EQ(matern52(Values{0, 0}, {2, 0.1, {0.4, 0.9}}), 2);
}

TEST(GaussianProcess, NoisyTwinsAreNoObstacle) {
  const Points x(6, Values{0.3});
  const GaussianProcess process(pairs_of(x), Values{1, 1, 1, 1, 1, 1}, {1, 0, {1}});
  EXPECT_NEAR(process.at(squared_to({{0.3}}, x))[0].mean, 1, 1e-4);
  EXPECT_GT(process.parameters().noise, 0) << "which the matrix needed";
  EXPECT_FALSE(log_marginal_likelihood(pairs_of(x), Values(6, 1.0), {1, 0, {1}}));
}

TEST(GaussianProcess, RefusesWhatIsNoDistance) {
  EXPECT_STREQ(test::error_of<InternalError>([] {
                 GaussianProcess(pairs_of({{0.0}, {NAN}}), Values{1, 2}, {1, 0.1, {1}});
               }).what(),
               "a kernel's matrix is not positive");
}

TEST(GpFit, ClimbsToATopWithinBounds) {
  const Twelve t;
  const PointPairs pairs = pairs_of(t.x);
  Random random(1);
  const GpParameters p = fit_gp(pairs, t.y, {.starts = 4, .evaluations = 100}, random);
  const double top = *log_posterior(pairs, t.y, p);
  // Finite differences of what is climbed, and of its slope.
  const auto moved = [&](size_t i, double by) {
    GpParameters q = p;
    double& v = i == 0 ? q.signal : i == 1 ? q.noise : q.lengths[i - 2];
    v *= std::exp(by);
    return q;
  };
  for (size_t i = 0; i < 5; ++i) {
    Values gradient;
    log_posterior(pairs, t.y, moved(i, 0.1), &gradient);
    const double slope = (*log_posterior(pairs, t.y, moved(i, 0.1001)) -
                          *log_posterior(pairs, t.y, moved(i, 0.0999))) /
                         0.0002;
    EXPECT_NEAR(gradient[i], slope, 1e-5);
    EXPECT_LE(*log_posterior(pairs, t.y, moved(i, 0.2)), top + 1e-3) << i;
    EXPECT_LE(*log_posterior(pairs, t.y, moved(i, -0.2)), top + 1e-3) << i;
  }
}

TEST(GpFit, FindsWhichNumbersMatter) {
  Points x;
  Values y;
  Random random(7);
  for (int i = 0; i < 60; ++i) {
    x.push_back({random.uniform(), random.uniform(), random.uniform()});
    y.push_back(std::sin(6 * x.back()[1]) + 0.1 * random.normal());
  }
  const double mean = mean_of(y), deviation = deviation_of(y);
  for (double& v : y) v = (v - mean) / deviation;
  const GpParameters p = fit_gp(pairs_of(x), y, {.starts = 3, .evaluations = 60}, random);
  EXPECT_LT(4 * p.lengths[1], p.lengths[0]);
  EXPECT_LT(4 * p.lengths[1], p.lengths[2]);
  const double noise = std::pow(0.1 / deviation, 2);
  EXPECT_GT(p.noise, noise / 2.5);
  EXPECT_LT(p.noise, noise * 2.5);
}

// scipy 1.10.1: integrate.quad(lambda x: (least - x) * norm.pdf(x, mean, deviation), -50, least)
TEST(Improvement, IsTheIntegral) {
  EXPECT_NEAR(expected_improvement({0, 1}, 0.3), 0.56676124211721, 1e-14);
  EXPECT_NEAR(expected_improvement({1.2, 0.4}, 0.2), 0.0008016548716512805, 1e-16);
  EXPECT_NEAR(expected_improvement({-3, 0.05}, 1), 4, 1e-14);
  EXPECT_NEAR(expected_improvement({2, 0.5}, -1), 7.817848979854822e-11, 1e-20);
  for (const double least : {-9.0, -3.0, 0.0, 2.0}) {
    const Normal n{0.4, 0.7};
    double sum = 0;  // Simpson
    const int steps = 100'000;
    const double low = n.mean - 40 * n.deviation, h = (least - low) / steps;
    for (int i = 0; i <= steps; ++i) {
      const double x = low + i * h, z = (x - n.mean) / n.deviation;
      sum += (i == 0 || i == steps ? 1 : i % 2 ? 4 : 2) * (least - x) * std::exp(-z * z / 2);
    }
    sum *= h / 3 / n.deviation / std::sqrt(2 * std::numbers::pi);
    EXPECT_NEAR(expected_improvement(n, least) / sum, 1, 2e-6) << least;
    EXPECT_NEAR(log_expected_improvement(n, least), std::log(sum), 2e-6) << least;
  }
}

TEST(Improvement, HasALogarithmWhereItIsTooSmallForADouble) {
  const double near = log_expected_improvement({0, 1}, -7.999),
               far = log_expected_improvement({0, 1}, -8.001);
  EXPECT_NEAR(near - far, 0.002 * (8 + 2 / 8.0), 1e-4) << "no step where the formula changes";
  EXPECT_NEAR(log_expected_improvement({0, 1}, -60),
              -1800 - 0.5 * std::log(2 * std::numbers::pi) - 2 * std::log(60.0), 1e-3);
}

TEST(Improvement, OfHypervolumeIsMonteCarlos) {
  const Points front = {{0.2, 0.9}, {0.5, 0.5}, {0.8, 0.1}, {1.5, -2}};  // the last: beyond
  const Values reference = {1, 1.1};
  const double before = hypervolume(front, reference);
  const HypervolumeImprovement improvement(front, reference);
  Random random(3);
  for (const auto& [a, b] : std::vector<std::pair<Normal, Normal>>{
           {{0.4, 0.2}, {0.4, 0.3}}, {{0.35, 0.1}, {0.7, 0.1}}, {{-0.3, 0.5}, {1.0, 0.4}}}) {
    double sum = 0, squares = 0;
    const int draws = 100'000;
    for (int k = 0; k < draws; ++k) {
      Points more = front;
      more.push_back(
          {a.mean + a.deviation * random.normal(), b.mean + b.deviation * random.normal()});
      const double gain = hypervolume(more, reference) - before;
      sum += gain / draws;
      squares += gain * gain / draws;
    }
    const double error = std::sqrt((squares - sum * sum) / draws);
    EXPECT_NEAR(improvement.expected(a, b), sum, 4 * error);
    EXPECT_GT(sum, 10 * error) << "there is something to see";
  }
  // Of results that are certain it is what they add.
  EXPECT_NEAR(improvement.expected({0.3, 1e-9}, {0.3, 1e-9}), 0.2 * 0.6 + 0.3 * 0.2 + 0.2 * 0,
              1e-7);
  EXPECT_NEAR(HypervolumeImprovement({}, reference).expected({0, 1e-9}, {0.1, 1e-9}), 1, 1e-7);
}

const std::string kMixed =
    "space: {p: {pattern: ACM, length: 2..5}, heads: [2, 4, 8], lr: {log: [1e-4, 1]}, window: "
    "{when: p has A, int: [1, 9]}, kind: {when: heads > 2, values: [a, b]}, q: {when: kind == a, "
    "pattern: XY, length: 3}}";

TEST(Distances, AreThoseOfTheDocumentedGroups) {
  const Space space = space_of(kMixed);
  const Distances d(space);
  EXPECT_EQ(d.groups(), (std::vector<std::string>{"lr", "window", "heads", "kind", "letters of p",
                                                  "neighbours in p", "places of p", "letters of q",
                                                  "neighbours in q", "places of q"}));
  const auto point = [](const std::string& p, int64_t heads, double lr, int64_t window) {
    return SpacePoint{{{.active = true, .letters = p},
                       {.active = true, .index = heads},
                       {.active = true, .real = lr},
                       {.active = window >= 0, .index = std::max<int64_t>(window, 0)},
                       {},
                       {}}};
  };
  Values out(10);
  d.squared(d.place_of(point("ACM", 0, 1e-4, 4)), d.place_of(point("CCMM", 1, 1e-2, -1)), out);
  EXPECT_NEAR(out[0], 0.25, 1e-12);                // half of the logarithmic range
  EXPECT_NEAR(out[1], 0.75, 1e-12);                // 5 of 1 to 9 is the middle; one has none
  EXPECT_EQ(out[2], 1);                            // heads
  EXPECT_EQ(out[3], 0);                            // neither has a kind
  EXPECT_NEAR(out[4], (1 + 1 + 1) / 10.0, 1e-12);  // A 1-0, C 1-2, M 1-2
  EXPECT_NEAR(out[5], (1 + 1 + 1) / 10.0, 1e-12);  // AC, CM; CC, CM, MM
  EXPECT_NEAR(out[6], 2 / 5.0, 1e-12);             // A-C, -M
  EXPECT_EQ(out[7], 0);
}

TEST(Distances, GiveKernelsWhosePositivityNeedsNoNoise) {
  const Space space = space_of(kMixed);
  const Distances d(space);
  Random random(2);
  std::vector<Distances::Place> places;
  std::vector<std::string> texts;
  while (places.size() < 80) {
    const SpacePoint p = space.draw(random);
    if (std::ranges::find(texts, space.text(p)) != texts.end()) continue;
    texts.push_back(space.text(p));
    places.push_back(d.place_of(p));
  }
  PointPairs pairs(places.size(), d.groups().size());
  for (size_t i = 0; i < places.size(); ++i)
    for (size_t j = 0; j <= i; ++j) d.squared(places[i], places[j], pairs.at(i, j));
  for (const double length : {0.3, 1.0, 3.0}) {
    const GpParameters p{1, 0, Values(d.groups().size(), length)};
    EXPECT_TRUE(log_marginal_likelihood(pairs, Values(80), p)) << length;
  }
}

PastTrial trial(std::optional<TrialOutcome> outcome) {
  return {{}, {}, std::move(outcome)};
}

TEST(KnownLosses, OrderWhatBreaksConditionsAndWhatFailed) {
  const std::vector<PastTrial> history = {
      trial(TrialOutcome{.losses = {5}}), trial(TrialOutcome{.losses = {3}}),
      trial(TrialOutcome{.losses = {0}, .violation = 2}),
      trial(TrialOutcome{.losses = {0}, .violation = 1}), trial(TrialOutcome{.failed = true})};
  const Values found = known_losses(history, std::vector<size_t>{0, 1, 2, 3, 4})[0];
  EXPECT_LT(found[1], found[0]);
  EXPECT_LT(found[0], found[3]);
  EXPECT_LT(found[3], found[2]);
  EXPECT_EQ(found[4], found[2]);
  EXPECT_NEAR(mean_of(found), 0, 1e-12);
  EXPECT_NEAR(deviation_of(found), 1, 1e-12);
}

TEST(KnownLosses, AFewThatDivergedLeaveTheOthersApart) {
  std::vector<PastTrial> history;
  std::vector<size_t> all;
  for (int i = 0; i < 20; ++i) {
    history.push_back(trial(TrialOutcome{.losses = {i == 7 ? 1e9 : 1.0 + 0.01 * i}}));
    all.push_back(size_t(i));
  }
  const Values found = known_losses(history, all)[0];
  EXPECT_GT(found[19] - found[0], 1);
  EXPECT_EQ(std::ranges::max(found), found[7]);
}

TEST(KnownLosses, OfSeveralObjectivesAreWeighed) {
  Random random(5);
  const std::vector<Values> losses = {{0, 1, 2}, {2, 1, 0}, {0, 4, 8}};
  for (int k = 0; k < 20; ++k) {
    const Values w = weighed_losses(losses, random);
    EXPECT_NEAR(mean_of(w), 0, 1e-12);
    EXPECT_NEAR(deviation_of(w), 1, 1e-12);
  }
}

// Trials that run are believed to bring what is expected of them: the next ones go elsewhere.
TEST(Gp, ProposesNothingBesideWhatStillRuns) {
  const Space space = space_of("space: {x: {float: [0, 1]}, y: {float: [0, 1]}}");
  const Method& gp = find_method("gp", {});
  Proposer proposer(space, {&gp, gp.attrs.parse({}, nullptr), 2, 6, {}});
  for (int64_t t = 0; t < 18; ++t) {
    proposer.next();
    const auto& g = proposer.point(t).genes;
    if (t < 12) proposer.tell(t, {.losses = {std::sin(13 * g[0].real) * std::cos(11 * g[1].real)}});
  }
  double least = 1;
  for (int64_t a = 12; a < 18; ++a)
    for (int64_t b = 12; b < a; ++b)
      least = std::min(
          least, std::hypot(proposer.point(a).genes[0].real - proposer.point(b).genes[0].real,
                            proposer.point(a).genes[1].real - proposer.point(b).genes[1].real));
  EXPECT_GT(least, 0.01);
}

// Of models each answer would take building one.
TEST(Gp, AsksOfFewPointsWhetherTheyAreAccepted) {
  const Yaml root = parse_yaml("space: {p: {pattern: ABC, length: 2..8}, x: {float: [0, 1]}}", "s");
  int64_t asked = 0;
  const Space space(read_dimensions(*root.find("space"), {}), {}, {}, root.mark,
                    [&](const Space& s, const SpacePoint& p) {
                      ++asked;
                      return stream_of(s.text(p)) % 4 != 0;
                    });
  const Method& gp = find_method("gp", {});
  Proposer proposer(space, {&gp, gp.attrs.parse({}, nullptr), 2, 1, {}});
  for (int64_t t = 0; t < 25; ++t) {
    asked = 0;
    ASSERT_EQ(proposer.next().kind, Proposer::Next::kTrial);
    EXPECT_LT(asked, 40) << "trial " << t;
    EXPECT_TRUE(space.valid(proposer.point(t)));
    proposer.tell(t, {.losses = {proposer.point(t).genes[1].real}});
  }
}

TEST(Gp, GoesOnBeyondWhatItModelsExactly) {
  const Space space = space_of("space: {x: {float: [0, 1]}, y: {float: [0, 1]}}");
  const Method& gp = find_method("gp", {});
  Proposer proposer(space,
                    {&gp, gp.attrs.parse(std::vector<Arg>{{"most", 20}}, nullptr), 2, 4, {}});
  double late = 0;
  for (int64_t t = 0; t < 60; ++t) {
    ASSERT_EQ(proposer.next().kind, Proposer::Next::kTrial);
    const auto& g = proposer.point(t).genes;
    const double loss = std::abs(g[0].real - 0.3) + std::abs(g[1].real - 0.6);
    proposer.tell(t, {.losses = {loss}});
    if (t >= 50) late += loss / 10;
  }
  EXPECT_LT(late, 0.25) << "a uniform draw has .53 in the mean";
}

TEST(Gp, SearchesThreeObjectives) {
  const Space space = space_of("space: {x: {float: [0, 1]}, y: {float: [0, 1]}}");
  const auto volume = [&](const char* name) {
    const Method& method = find_method(name, {});
    double sum = 0;
    for (uint64_t seed = 0; seed < 5; ++seed) {
      Proposer proposer(space, {&method, method.attrs.parse({}, nullptr), seed, 4, {}});
      Points found;
      for (int64_t t = 0; t < 40; ++t) {
        proposer.next();
        const double x = proposer.point(t).genes[0].real, y = proposer.point(t).genes[1].real;
        const double off = 3 * std::abs(y - 0.2);
        found.push_back({x + off, (1 - x) * (1 - x) + off, std::abs(x - 0.5) + off});
        proposer.tell(t, {.losses = found.back()});
      }
      sum += hypervolume(found, Values{1.2, 1.2, 1.2}) / 5;
    }
    return sum;
  };
  EXPECT_GT(volume("gp"), 1.1 * volume("random"));
}
}  // namespace
}  // namespace cambium::gp_test
