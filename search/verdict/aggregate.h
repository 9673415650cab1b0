// Aggregate: one number over several tasks and seeds, and how far it may be trusted (Agarwal et al.
// 2021, Deep Reinforcement Learning at the Edge of the Statistical Precipice, arXiv 2108.13264;
// rliable).
#pragma once
#include "search/verdict/stats.h"

namespace cambium {
using TaskScores = std::vector<std::vector<double>>;  // of one variant: [task][seed], none empty

// The mean of the middle half: a quarter of the values, rounded down, is left out at either end
// (scipy.stats.trim_mean(x, 0.25)). Of all runs of all tasks together.
double interquartile_mean(std::span<const double> x);  // x not empty
double interquartile_mean(const TaskScores& scores);

inline constexpr int kTaskDraws = 2000;

// The stratified bootstrap's percentile interval of the interquartile mean: seeds are drawn again
// with replacement, for each task by itself. Expanded for few seeds: rliable's own, which is not,
// covers about 90 % at 5 seeds of 5 tasks. A function of (scores, seed).
Interval stratified_interval(const TaskScores& scores, uint64_t seed = 0, int draws = kTaskDraws,
                             double level = 0.95);

// Of a's interquartile mean less b's. Equal seeds stay pairs: a draw takes both. Of equal sizes.
Interval stratified_difference(const TaskScores& a, const TaskScores& b, uint64_t seed = 0,
                               int draws = kTaskDraws, double level = 0.95);

// The chance that a run of a scores above one of b on the same task, ties counting half: the mean
// over tasks (Mann and Whitney's U over its largest value).
double chance_of_improvement(const TaskScores& a, const TaskScores& b);

struct ProfilePoint {
  double score = 0, share = 0;  // of the runs that score more, the mean over tasks
  Interval interval = {0, 0};   // at this score alone

  bool operator==(const ProfilePoint&) const = default;
};

// The performance profile at these scores, with the stratified bootstrap's intervals.
std::vector<ProfilePoint> performance_profile(const TaskScores& scores, std::span<const double> at,
                                              uint64_t seed = 0, int draws = kTaskDraws,
                                              double level = 0.95);
}  // namespace cambium
