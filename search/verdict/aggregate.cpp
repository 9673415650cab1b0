#include "search/verdict/aggregate.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/rng.h"
#include "search/support/boost_math.h"

namespace cambium {
namespace {
std::vector<double> all_of(const TaskScores& scores) {
  std::vector<double> out;
  for (const auto& task : scores) out.insert(out.end(), task.begin(), task.end());
  return out;
}

// For every task the places of the seeds that a draw takes.
using Draw = std::vector<std::vector<size_t>>;

Draw draw_of(const TaskScores& scores, Random& random) {
  Draw out;
  for (const auto& task : scores) {
    out.emplace_back();
    for (size_t i = 0; i < task.size(); ++i)
      out.back().push_back(random.below(uint32_t(task.size())));
  }
  return out;
}

TaskScores drawn(const TaskScores& scores, const Draw& draw) {
  TaskScores out;
  for (size_t t = 0; t < scores.size(); ++t) {
    out.emplace_back();
    for (size_t i : draw[t]) out.back().push_back(scores[t][i]);
  }
  return out;
}

// As numpy.percentile: between neighbours in proportion.
double percentile(std::span<const double> sorted, double p) {
  const double place = p * double(sorted.size() - 1);
  const auto i = std::min(size_t(place), sorted.size() - 1),
             next = std::min(i + 1, sorted.size() - 1);
  return sorted[i] + (place - double(i)) * (sorted[next] - sorted[i]);
}

// The share of draws to leave out at either end so that few seeds cover: a bootstrap of n values
// spreads (n - 1) / n of what samples do, and with normal tails where Student's are. Hesterberg
// 2015, What Teachers Should Know About the Bootstrap, The American Statistician 69:371, section
// 4.3 (expanded percentile interval), with the degrees of freedom of all tasks.
double tail_of(const TaskScores& scores, double level) {
  double n = 0;
  for (const auto& task : scores) n += double(task.size());
  const double freedom = n - double(scores.size());
  if (freedom <= 0) return (1 - level) / 2;
  return normal_cdf(-std::sqrt(n / freedom) * t_quantile((1 + level) / 2, freedom));
}

Interval middle_of(std::vector<double> values, double tail) {
  std::ranges::sort(values);
  return {percentile(values, tail), percentile(values, 1 - tail)};
}

double share_above(const TaskScores& scores, double score) {
  double sum = 0;
  for (const auto& task : scores)
    sum += double(std::ranges::count_if(task, [&](double x) { return x > score; })) /
           double(task.size());
  return sum / double(scores.size());
}

void require_scores(const TaskScores& scores) {
  ensure(!scores.empty(), "scores of no task");
  for (const auto& task : scores) ensure(!task.empty(), "a task without scores");
}
}  // namespace

double interquartile_mean(std::span<const double> x) {
  ensure(!x.empty(), "the mean of nothing");
  std::vector<double> sorted(x.begin(), x.end());
  std::ranges::sort(sorted);
  const size_t cut = sorted.size() / 4;
  return mean_of(std::span(sorted).subspan(cut, sorted.size() - 2 * cut));
}

double interquartile_mean(const TaskScores& scores) {
  return interquartile_mean(all_of(scores));
}

Interval stratified_interval(const TaskScores& scores, uint64_t seed, int draws, double level) {
  require_scores(scores);
  Random random(seed, stream_of("tasks"));
  std::vector<double> means;
  for (int i = 0; i < draws; ++i)
    means.push_back(interquartile_mean(drawn(scores, draw_of(scores, random))));
  return middle_of(std::move(means), tail_of(scores, level));
}

Interval stratified_difference(const TaskScores& a, const TaskScores& b, uint64_t seed, int draws,
                               double level) {
  require_scores(a);
  ensure(a.size() == b.size(), "scores on different tasks");
  for (size_t t = 0; t < a.size(); ++t)
    ensure(a[t].size() == b[t].size(), "scores of different seeds");
  Random random(seed, stream_of("tasks"));
  std::vector<double> differences;
  for (int i = 0; i < draws; ++i) {
    const Draw draw = draw_of(a, random);
    differences.push_back(interquartile_mean(drawn(a, draw)) - interquartile_mean(drawn(b, draw)));
  }
  return middle_of(std::move(differences), tail_of(a, level));
}

double chance_of_improvement(const TaskScores& a, const TaskScores& b) {
  ensure(a.size() == b.size(), "scores on different tasks");
  double sum = 0;
  for (size_t t = 0; t < a.size(); ++t) {
    double above = 0;
    for (double x : a[t])
      for (double y : b[t]) above += x > y ? 1 : x == y ? 0.5 : 0;
    sum += above / double(a[t].size() * b[t].size());
  }
  return sum / double(a.size());
}

std::vector<ProfilePoint> performance_profile(const TaskScores& scores, std::span<const double> at,
                                              uint64_t seed, int draws, double level) {
  require_scores(scores);
  Random random(seed, stream_of("profile"));
  std::vector<std::vector<double>> shares(at.size());
  for (int i = 0; i < draws; ++i) {
    const TaskScores again = drawn(scores, draw_of(scores, random));
    for (size_t p = 0; p < at.size(); ++p) shares[p].push_back(share_above(again, at[p]));
  }
  std::vector<ProfilePoint> out;
  for (size_t p = 0; p < at.size(); ++p)
    out.push_back({at[p], share_above(scores, at[p]),
                   middle_of(std::move(shares[p]), tail_of(scores, level))});
  return out;
}
}  // namespace cambium
