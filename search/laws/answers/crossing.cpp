#include "search/laws/answers/crossing.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/rng.h"
#include "core/text/fmt.h"
#include "search/laws/fit/linear.h"
#include "search/support/boost_math.h"

namespace cambium {
namespace {
constexpr size_t kPlaces = 241, kDraws = 1000;

// The difference of two laws at places along x: second less first, and what it varies by.
struct Difference {
  std::vector<double> log_x, value;
  std::vector<double> first, second;            // [place, p] derivatives by the parameters
  std::vector<double> first_part, second_part;  // variances

  double error(size_t i) const { return std::sqrt(first_part[i] + second_part[i]); }
};

void add_side(const LawAlong& side, double log_x, double sign, std::vector<double>& slopes,
              std::vector<double>& variance, double& value) {
  const ThetaFunction g = [&](std::span<const double> theta) {
    return side.log_answer(theta, log_x);
  };
  const std::vector<double> slope = gradient_of(g, side.fit->theta);
  value += sign * g(side.fit->theta);
  slopes.insert(slopes.end(), slope.begin(), slope.end());
  variance.push_back(quadratic(slope, side.fit->covariance));
}

Difference difference_of(const LawAlong& a, const LawAlong& b, Interval range) {
  Difference d;
  const double low = std::log(range.low), high = std::log(range.high);
  for (size_t i = 0; i < kPlaces; ++i) {
    const double log_x = low + (high - low) * double(i) / (kPlaces - 1);
    double value = 0;
    add_side(a, log_x, -1, d.first, d.first_part, value);
    add_side(b, log_x, 1, d.second, d.second_part, value);
    d.log_x.push_back(log_x);
    d.value.push_back(value);
  }
  return d;
}

// Deviations of a fit's answers along the way, as its covariance draws them: [place].
void add_draw(const LawFit& fit, const std::vector<double>& factor, std::span<const double> slopes,
              Random& random, double sign, std::vector<double>& to) {
  const size_t p = fit.theta.size();
  std::vector<double> unit(p), step(p, 0.0);
  for (double& z : unit) z = random.normal();
  for (size_t i = 0; i < p; ++i)
    for (size_t k = 0; k <= i; ++k) step[i] += factor[i * p + k] * unit[k];
  for (size_t i = 0; i < to.size(); ++i)
    for (size_t k = 0; k < p; ++k) to[i] += sign * slopes[i * p + k] * step[k];
}

double drawn_variance(const LawFit& fit, Random& random) {
  const double u = std::clamp(double(random.uniform()), 1e-7, 1 - 1e-7);
  return chi_squared_quantile(u, fit.freedom) / fit.freedom;
}

// How many standard errors the difference strays at most anywhere, in `level` of draws.
double widest_stray(const LawAlong& a, const LawAlong& b, const Difference& d, double level) {
  const std::vector<double> first = cholesky(a.fit->covariance, a.fit->theta.size()),
                            second = cholesky(b.fit->covariance, b.fit->theta.size());
  std::vector<double> most;
  for (size_t draw = 0; draw < kDraws; ++draw) {
    Random random(draw, stream_of("law_crossing"));
    std::vector<double> stray(kPlaces, 0.0);
    add_draw(*a.fit, first, d.first, random, -1, stray);
    add_draw(*b.fit, second, d.second, random, 1, stray);
    const double wa = drawn_variance(*a.fit, random), wb = drawn_variance(*b.fit, random);
    double largest = 0;
    for (size_t i = 0; i < kPlaces; ++i)
      largest = std::max(
          largest, std::abs(stray[i]) / std::sqrt(wa * d.first_part[i] + wb * d.second_part[i]));
    most.push_back(largest);
  }
  std::ranges::sort(most);
  return most[std::min(kDraws - 1, size_t(level * kDraws))];
}

BetterLaw better_of(double difference, double error, double critical) {
  if (!(std::abs(difference) > critical * error)) return BetterLaw::kNeither;
  return difference > 0 ? BetterLaw::kFirst : BetterLaw::kSecond;
}

constexpr double kRounding = 1e-9;

// Where a function of places, linear between them, is `level`, between places i and i + 1.
double place_between(const Difference& d, size_t i, double at_i, double at_next, double level) {
  const double share = std::clamp((level - at_i) / (at_next - at_i), 0.0, 1.0);
  return std::exp(d.log_x[i] + share * (d.log_x[i + 1] - d.log_x[i]));
}

std::vector<ComparedStretch> stretches_of(const Difference& d, double critical) {
  std::vector<ComparedStretch> out;
  const auto ratio = [&](size_t i) { return std::abs(d.value[i]) / d.error(i); };
  for (size_t i = 0; i < kPlaces; ++i) {
    const BetterLaw better = better_of(d.value[i], d.error(i), critical);
    const double x = std::exp(d.log_x[i]);
    if (!out.empty() && out.back().better != better) {
      const double end = place_between(d, i - 1, ratio(i - 1), ratio(i), critical);
      out.back().x.high = end;
      out.push_back({{end, x}, better});
    } else if (out.empty()) {
      out.push_back({{x, x}, better});
    }
    out.back().x.high = x;
  }
  return out;
}

// Student's t for one place (Welch 1947).
double critical_at(const LawAlong& a, const LawAlong& b, const Difference& d, size_t i,
                   double level) {
  const double u = d.first_part[i], v = d.second_part[i];
  const double freedom = (u + v) * (u + v) / (u * u / a.fit->freedom + v * v / b.fit->freedom);
  return t_quantile((1 + level) / 2, freedom);
}

// Between the stretches before and after, where one and the other is better.
LawCrossing crossing_between(const LawAlong& a, const LawAlong& b, const Difference& d,
                             const ComparedStretch& before, const ComparedStretch& after,
                             double level) {
  LawCrossing out{0, {0, 0}, before.better};
  const double sign = before.better == BetterLaw::kFirst ? 1 : -1;
  double last = 0;  // by how much the difference was more than chance, one place before
  double half = 0;  // of the interval in log x, were the difference a straight line
  for (size_t i = 0; i < kPlaces; ++i) {
    const double x = std::exp(d.log_x[i]);
    const double margin = std::abs(d.value[i]) / d.error(i) - critical_at(a, b, d, i, level);
    // One may be better up to the very place before the one where the other is.
    const bool between = i > 0 && x >= before.x.high * (1 - kRounding) &&
                         std::exp(d.log_x[i - 1]) <= after.x.low * (1 + kRounding);
    if (between && last > 0 && margin <= 0 && out.interval.low == 0)
      out.interval.low = place_between(d, i - 1, last, margin, 0);
    if (between && last <= 0 && margin > 0)
      out.interval.high = place_between(d, i - 1, last, margin, 0);
    if (between && out.x == 0 && sign * d.value[i] <= 0) {
      out.x = place_between(d, i - 1, d.value[i - 1], d.value[i], 0);
      half = critical_at(a, b, d, i, level) * d.error(i) * (d.log_x[i] - d.log_x[i - 1]) /
             std::abs(d.value[i] - d.value[i - 1]);
    }
    last = margin;
  }
  // Narrower than the places are apart.
  if (out.interval.low == 0) out.interval.low = out.x * std::exp(-half);
  if (out.interval.high == 0) out.interval.high = out.x * std::exp(half);
  out.interval = {std::min(out.interval.low, out.x), std::max(out.interval.high, out.x)};
  return out;
}

std::string number(double v) {
  return v >= 1e5 ? fmt::format("{:.3g}", v) : fmt::format("{:.4g}", v);
}

// ", beyond the runs, which end at 1e9"
std::string beyond_text(const GroupComparison& c, Interval x) {
  if (x.high <= c.measured * (1 + kRounding)) return "";
  return str(x.low > c.measured ? ", beyond" : ", partly beyond", " the runs, which end at ",
             number(c.measured));
}

std::string crossing_sentence(const GroupComparison& c, const LawCrossing& k) {
  const bool first = k.below == BetterLaw::kFirst;
  return str(first ? c.first : c.second, " is better below ", quantity_name(c.x), " = ",
             number(k.x), " [", number(k.interval.low), ", ", number(k.interval.high), "], ",
             first ? c.second : c.first, " above", beyond_text(c, k.interval));
}
}  // namespace

CrossedLaws cross_laws(const LawAlong& first, const LawAlong& second, Interval range,
                       double level) {
  CrossedLaws out;
  const Difference d = difference_of(first, second, range);
  bool told = true;
  for (size_t i = 0; i < kPlaces; ++i)
    told = told && std::isfinite(d.value[i]) && std::isfinite(d.error(i)) && d.error(i) > 0;
  if (!told) return {{{range, BetterLaw::kNeither}}, {}};
  out.stretches = stretches_of(d, widest_stray(first, second, d, level));
  const ComparedStretch* before = nullptr;
  for (const ComparedStretch& s : out.stretches) {
    if (s.better == BetterLaw::kNeither) continue;
    if (before && before->better != s.better)
      out.crossings.push_back(crossing_between(first, second, d, *before, s, level));
    before = &s;
  }
  return out;
}

std::string comparison_text(const GroupComparison& c) {
  std::string out = str(c.first, " and ", c.second);
  if (!c.along.empty()) out += str(", ", c.along);
  if (!c.cannot.empty()) return str(out, ": not compared: ", c.cannot);
  out += ": ";
  const std::string all =
      str("from ", quantity_name(c.x), " = ", number(c.range.low), " to ", number(c.range.high));
  for (size_t i = 0; i < c.answer.crossings.size(); ++i)
    out += str(i ? "; " : "", crossing_sentence(c, c.answer.crossings[i]));
  if (!c.answer.crossings.empty()) return out + str(" (looked at ", all, ")");
  for (const ComparedStretch& s : c.answer.stretches) {
    if (s.better == BetterLaw::kNeither) continue;
    const std::string& name = s.better == BetterLaw::kFirst ? c.first : c.second;
    if (c.answer.stretches.size() == 1)
      return str(out, name, " is better ", all, beyond_text(c, c.range),
                 ": they do not cross there");
    out += str(name, " is better from ", quantity_name(c.x), " = ", number(s.x.low), " to ",
               number(s.x.high), beyond_text(c, s.x), "; ");
  }
  const bool some = c.answer.stretches.size() > 1;
  return str(out, some ? "elsewhere" : "", some ? " " : "", "it cannot be told which is better ",
             some ? str("(looked at ", all, ")") : all, ", nor whether they cross");
}
}  // namespace cambium
