#include "search/verdict/decision.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "search/support/boost_math.h"
#include "search/verdict/checks.h"
#include "search/verdict/sequence.h"

namespace cambium {
namespace {
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

double comparisons(const Evidence& e) {
  return double(std::max<size_t>(e.variants.size(), 2) - 1);
}

// One look at all seeds of the evidence.
class Judge {
 public:
  explicit Judge(const Evidence& e) : e_(e), residual_(residual_of(e)) {}

  std::vector<Decision> judge();

 private:
  Decision look_at(size_t variant, Check& worst) const;
  void settle(Decision& d, const Check& worst, double corrected) const;

  const Evidence& e_;
  Residual residual_;
};

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
  d.difference = floored(pairs.differences, e_);
  d.examples_apart = std::abs(d.difference->mean) * double(e_.test_examples);
  if (pairs.pending || pairs.identical()) return d;
  // A failed run counts as worst: it must not have made the winner's mean.
  const bool ahead = (d.difference->mean > 0) == e_.maximize;
  worst = difference_check(*d.difference, pairs.differences, e_, residual_);
  if (ahead ? pairs.failed > 0 : pairs.other_failed > 0) worst = {1, Hindrance::kFailures};
  if (pairs.failed + pairs.other_failed == 0 && d.pairs >= kIntervalSeeds)
    d.equivalence_p = equivalence_p(*d.difference, pairs.differences, e_, residual_);
  return d;
}

// Where each comparison has a level of its own, p is shown as if alpha were that level.
double as_of_alpha(double p, double level, double alpha) {
  return level > 0 ? std::min(1.0, p * alpha / level) : 1;
}

void Judge::settle(Decision& d, const Check& worst, double corrected) const {
  d.hindrance = worst.hindrance;
  d.p_value = corrected;
  d.equivalence_p = as_of_alpha(d.equivalence_p, e_.levels.equivalence, e_.alpha);
  d.within = d.equivalence_p <= e_.alpha;
  const bool differs = d.p_value <= e_.alpha;
  if (!differs && !d.within) return;
  d.hindrance = Hindrance::kNone;
  d.claim = !differs                                  ? Claim::kEquivalent
            : (d.difference->mean > 0) == e_.maximize ? Claim::kBetter
                                                      : Claim::kWorse;
}

std::vector<Decision> Judge::judge() {
  std::vector<Decision> out;
  std::vector<Check> worst;
  std::vector<double> p;
  for (size_t v = 0; v < e_.variants.size(); ++v) {
    Check check{1, Hindrance::kNone};
    out.push_back(v == e_.baseline ? Decision{.claim = Claim::kBaseline} : look_at(v, check));
    if (!e_.is_honest(v) || !e_.is_honest(e_.baseline)) {
      check = {1, Hindrance::kSeesAnswers};
      out.back().equivalence_p = 1;
    }
    worst.push_back(check);
    if (v != e_.baseline) p.push_back(check.p);
  }
  std::vector<double> corrected;
  if (e_.levels.difference > 0)
    for (double one : p) corrected.push_back(as_of_alpha(one, e_.levels.difference, e_.alpha));
  else
    corrected = holm_corrected(p);
  for (size_t v = 0, i = 0; v < out.size(); ++v)
    if (v == e_.baseline)
      out[v].hindrance = Hindrance::kNone;
    else
      settle(out[v], worst[v], corrected[i++]);
  return out;
}

// The evidence as it was at a planned look.
Evidence first_seeds(const Evidence& e, int64_t n) {
  Evidence out = e;
  for (auto& v : out.variants) v.resize(size_t(n));
  return out;
}

void keep(Decision& now, const Decision& then, int64_t seeds) {
  now.claim = then.claim;
  now.hindrance = then.hindrance;
  now.p_value = then.p_value;
  now.equivalence_p = then.equivalence_p;
  now.within = then.within;
  now.decided_at = seeds;
}

bool is_claim(const Decision& d) {
  return d.claim != Claim::kBaseline && d.claim != Claim::kCannotTell;
}
}  // namespace

std::vector<Decision> decide(const Evidence& e) {
  ensure(e.baseline < e.variants.size(), "no such baseline");
  for (const auto& v : e.variants)
    ensure(v.size() == e.variants[0].size(), "variants of different seeds");
  std::vector<Decision> out = Judge(e).judge();
  if (e.looks.empty()) return out;
  // Between looks nothing is claimed: all seeds are a look only where their number was planned.
  const auto seeds = int64_t(e.variants[0].size());
  if (!std::ranges::count(e.looks, seeds))
    for (Decision& d : out)
      if (is_claim(d)) keep(d, {.hindrance = Hindrance::kRunsToGo}, 0);
  std::vector<bool> settled(out.size());
  for (int64_t look : e.looks) {
    if (look > seeds) break;
    const std::vector<Decision> then = Judge(first_seeds(e, look)).judge();
    for (size_t v = 0; v < out.size(); ++v) {
      if (settled[v] || !is_claim(then[v])) continue;
      keep(out[v], then[v], look);
      settled[v] = true;
    }
  }
  return out;
}

Levels levels_of(double alpha, int64_t comparisons, bool equivalence,
                 std::span<const int64_t> looks) {
  if (looks.empty() && !equivalence) return {};
  const double share = alpha / double(std::max<int64_t>(1, comparisons));
  if (looks.empty()) return {share, share, 0.05};
  return {level_of_looks(share, looks, Sides::kTwo),
          equivalence ? level_of_looks(share, looks, Sides::kOne) : 0,
          level_of_looks(0.05, looks, Sides::kTwo)};
}

bool all_decided(std::span<const Decision> decisions) {
  return std::ranges::all_of(decisions, [](const Decision& d) {
    return d.claim != Claim::kCannotTell || d.hindrance == Hindrance::kSeesAnswers ||
           d.hindrance == Hindrance::kIdentical || d.hindrance == Hindrance::kFailures;
  });
}

std::optional<Outlook> outlook_of(const Decision& d, const Evidence& e) {
  if (!d.difference || d.difference->deviation <= 0) return std::nullopt;
  // No number of seeds would tell these apart.
  if (d.hindrance == Hindrance::kIdentical || d.hindrance == Hindrance::kSeesAnswers)
    return std::nullopt;
  const Interval range = deviation_range(d.difference->deviation, d.pairs);
  const double seen = effect_seen(d.pairs, kPower, strictest_level(e), e.overlap);
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
