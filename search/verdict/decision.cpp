#include "search/verdict/decision.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "search/support/boost_math.h"

namespace cambium {
namespace {
double two_sided_t(double mean, double standard_error, double freedom) {
  if (mean == 0 || standard_error == 0) return 1;  // no spread at all: nothing is known of it
  return 2 * t_cdf(-std::abs(mean) / standard_error, freedom);
}

// The variance that rounding to whole test examples gives one outcome.
double rounding_variance(int64_t test_examples) {
  if (test_examples <= 0) return 0;
  const double step = 1 / double(test_examples);
  return step * step / 12;
}

struct Pairs {
  std::vector<double> differences;       // of seeds that both finished
  int64_t failed = 0, other_failed = 0;  // seeds where only the one failed
  bool pending = false;
  bool equal_numbers = true;  // of all seeds that both finished

  bool identical() const {
    return equal_numbers && !differences.empty() && !pending && failed + other_failed == 0;
  }
};

Pairs pairs_of(const std::vector<SeedOutcome>& a, const std::vector<SeedOutcome>& b) {
  Pairs out;
  for (size_t s = 0; s < a.size(); ++s) {
    const auto either = [&](SeedOutcome::State state) {
      return a[s].state == state || b[s].state == state;
    };
    if (either(SeedOutcome::kPending))
      out.pending = true;
    else if (!either(SeedOutcome::kFailed)) {
      out.differences.push_back(a[s].value - b[s].value);
      out.equal_numbers &= a[s].numbers != 0 && a[s].numbers == b[s].numbers;
    } else if (a[s].state != b[s].state)
      ++(a[s].state == SeedOutcome::kFailed ? out.failed : out.other_failed);
  }
  return out;
}

// What is left of all variants' outcomes after their means and their seeds' means are taken out.
struct Residual {
  double variance = 0, freedom = 0;
};

Residual residual_of(const Evidence& e) {
  std::vector<std::vector<double>> blocks;  // one a seed that every variant with results finished
  std::vector<const std::vector<SeedOutcome>*> used;
  for (const auto& v : e.variants)
    if (std::ranges::count(v, SeedOutcome::kDone, &SeedOutcome::state) >= kLeastSeeds)
      used.push_back(&v);
  for (size_t s = 0; s < e.variants[0].size(); ++s) {
    std::vector<double> block;
    for (const auto* v : used)
      if ((*v)[s].state == SeedOutcome::kDone) block.push_back((*v)[s].value);
    if (block.size() == used.size()) blocks.push_back(std::move(block));
  }
  if (used.size() < 2 || blocks.size() < 2) return {};
  std::vector<double> means(used.size(), 0.0);
  double overall = 0;
  for (const auto& block : blocks)
    for (size_t v = 0; v < block.size(); ++v) {
      means[v] += block[v] / double(blocks.size());
      overall += block[v] / double(blocks.size() * used.size());
    }
  double squares = 0;
  for (const auto& block : blocks)
    for (size_t v = 0; v < block.size(); ++v) {
      const double left = block[v] - means[v] - mean_of(block) + overall;
      squares += left * left;
    }
  const double freedom = double((used.size() - 1) * (blocks.size() - 1));
  return {squares / freedom, freedom};
}

// The chance that n outcomes all lie above or all below n others of the same population.
double chance_of_separation(size_t n) {
  double ways = 1;
  for (size_t i = 1; i <= n; ++i) ways *= double(n + i) / double(i);
  return 2 / ways;
}

double comparisons(const Evidence& e) {
  return double(std::max<size_t>(e.variants.size(), 2) - 1);
}

class Judge {
 public:
  explicit Judge(const Evidence& e)
      : e_(e), rounding_(rounding_variance(e.test_examples)), residual_(residual_of(e)) {}

  std::vector<Decision> judge();

 private:
  // A test's p and what stands in the way when it is too large.
  struct Check {
    double p;
    Hindrance hindrance;
  };

  Decision look_at(size_t variant, Check& worst) const;
  std::vector<Check> checks(const PairedDifference& d, std::span<const double> differences) const;

  double strictest() const { return e_.alpha / comparisons(e_); }  // Holm's first step

  const Evidence& e_;
  double rounding_;
  Residual residual_;
};

// The difference with a deviation no smaller than rounding makes it. What only the arithmetic left
// of equal differences is none.
PairedDifference floored(std::span<const double> differences, double rounding, double overlap) {
  const double n = double(differences.size()), mean = mean_of(differences);
  double deviation = deviation_of(differences);
  if (deviation < 1e-9 * std::abs(mean)) deviation = 0;
  deviation = std::max(deviation, std::sqrt(2 * rounding));
  const double error = mean_error(deviation, int64_t(n), overlap);
  const double half = t_quantile(0.975, n - 1) * error;
  const auto [least, most] = std::ranges::minmax(differences);
  return {mean,       deviation,    {mean - half, mean + half}, two_sided_t(mean, error, n - 1),
          int64_t(n), {least, most}};
}

std::vector<Judge::Check> Judge::checks(const PairedDifference& d,
                                        std::span<const double> differences) const {
  const size_t n = differences.size();
  std::vector<Check> out = {
      {d.p_value, d.deviation > 0 || d.mean == 0 ? Hindrance::kNoise : Hindrance::kNoSpread}};
  if (d.p_value > e_.alpha) return out;  // that settles it
  const double flips = sign_flip_p(differences), least = std::ldexp(2.0, -int(n));
  const bool agree = flips <= least * (1 + 1e-9);
  out.push_back({least <= strictest() ? flips : agree ? 0.0 : 1.0, Hindrance::kSigns});
  if (chance_of_separation(n) > strictest() && residual_.freedom > 0) {
    const double variance = std::max(residual_.variance, rounding_);
    const double error = mean_error(std::sqrt(2 * variance), int64_t(n), e_.overlap);
    out.push_back({two_sided_t(d.mean, error, residual_.freedom), Hindrance::kOtherVariants});
  }
  if (e_.test_examples > 0) {
    // The least that sampling can do: all examples that the two tell apart speak for one of them.
    const double apart = std::min(1.0, std::abs(d.mean));
    const double error = std::sqrt(apart * (1 - apart) / double(e_.test_examples));
    out.push_back({apart == 0  ? 1
                   : error > 0 ? 2 * normal_cdf(-apart / error)
                               : 0,
                   Hindrance::kTestSet});
  }
  return out;
}

Decision Judge::look_at(size_t variant, Check& worst) const {
  const Pairs pairs = pairs_of(e_.variants[variant], e_.variants[e_.baseline]);
  Decision d{.pairs = int64_t(pairs.differences.size())};
  d.failed = std::ranges::count(e_.variants[variant], SeedOutcome::kFailed, &SeedOutcome::state);
  d.baseline_failed =
      std::ranges::count(e_.variants[e_.baseline], SeedOutcome::kFailed, &SeedOutcome::state);
  worst = {1, pairs.pending       ? Hindrance::kRunsToGo
              : pairs.identical() ? Hindrance::kIdentical
                                  : Hindrance::kFewSeeds};
  if (d.pairs < kLeastSeeds) return d;
  d.difference = floored(pairs.differences, rounding_, e_.overlap);
  d.examples_apart = std::abs(d.difference->mean) * double(e_.test_examples);
  if (pairs.pending || pairs.identical()) return d;
  // A failed run counts as worst: it must not have made the winner's mean.
  const bool ahead = (d.difference->mean > 0) == e_.maximize;
  const std::vector<Check> all = checks(*d.difference, pairs.differences);
  worst = *std::ranges::max_element(all, {}, &Check::p);
  if (ahead ? pairs.failed > 0 : pairs.other_failed > 0) worst = {1, Hindrance::kFailures};
  return d;
}

std::vector<Decision> Judge::judge() {
  std::vector<Decision> out;
  std::vector<Check> worst;
  std::vector<double> p;
  for (size_t v = 0; v < e_.variants.size(); ++v) {
    Check check{1, Hindrance::kNone};
    out.push_back(v == e_.baseline ? Decision{.claim = Claim::kBaseline} : look_at(v, check));
    if (!e_.is_honest(v) || !e_.is_honest(e_.baseline)) check = {1, Hindrance::kSeesAnswers};
    worst.push_back(check);
    if (v != e_.baseline) p.push_back(check.p);
  }
  const std::vector<double> corrected = holm_corrected(p);
  for (size_t v = 0, i = 0; v < out.size(); ++v) {
    Decision& d = out[v];
    d.hindrance = worst[v].hindrance;
    if (v == e_.baseline) continue;
    d.p_value = corrected[i++];
    if (d.p_value > e_.alpha) continue;
    d.hindrance = Hindrance::kNone;
    d.claim = (d.difference->mean > 0) == e_.maximize ? Claim::kBetter : Claim::kWorse;
  }
  return out;
}
}  // namespace

std::vector<Decision> decide(const Evidence& evidence) {
  ensure(evidence.baseline < evidence.variants.size(), "no such baseline");
  for (const auto& v : evidence.variants)
    ensure(v.size() == evidence.variants[0].size(), "variants of different seeds");
  return Judge(evidence).judge();
}

std::optional<Outlook> outlook_of(const Decision& d, const Evidence& e) {
  if (!d.difference || d.difference->deviation <= 0) return std::nullopt;
  // No number of seeds would tell these apart.
  if (d.hindrance == Hindrance::kIdentical || d.hindrance == Hindrance::kSeesAnswers)
    return std::nullopt;
  const Interval range = deviation_range(d.difference->deviation, d.pairs);
  const double seen = effect_seen(d.pairs, kPower, e.alpha / comparisons(e), e.overlap);
  Outlook out{.effect_seen = {seen * range.low, seen * range.high}};
  if (e.least_effect <= 0) return out;
  const double alpha = e.next_alpha / comparisons(e);
  const auto needed = [&](double deviation) {
    std::optional<int64_t> n = seeds_needed(e.least_effect, deviation, kPower, alpha, e.overlap);
    if (n) n = std::max(*n, kLeastSeeds);
    return n;
  };
  out.seeds_low = needed(range.low);
  out.seeds_high = needed(range.high);
  return out;
}

std::optional<Interval> mean_interval(std::span<const double> values, int64_t test_examples,
                                      double overlap) {
  if (int64_t(values.size()) < kIntervalSeeds) return std::nullopt;
  const double n = double(values.size()), mean = mean_of(values);
  const double deviation =
      std::max(deviation_of(values), std::sqrt(rounding_variance(test_examples)));
  if (deviation <= 1e-12 * std::abs(mean)) return std::nullopt;
  const double half = t_quantile(0.975, n - 1) * mean_error(deviation, int64_t(n), overlap);
  return Interval{mean - half, mean + half};
}

double test_set_half_width(double share, int64_t test_examples) {
  if (test_examples <= 0) return 0;
  const double p = std::clamp(share, 0.0, 1.0);
  return normal_quantile(0.975) * std::sqrt(p * (1 - p) / double(test_examples));
}
}  // namespace cambium
