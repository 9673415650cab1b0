// Made-up ladders of a known law.
#pragma once
#include <cmath>

#include "core/rng.h"
#include "search/laws/fit/interval.h"

namespace cambium::test {
struct Ladder {
  double noise = 0.003;  // of the log loss
  int sizes = 6, seeds = 2;
  bool broken = false;                    // the gain of size fades beyond 60M parameters
  double amplitude = 482, power = 0.348;  // of what size takes away
};

inline LawInput input_of(double params, double tokens) {
  LawInput at;
  at.set(kParams, params);
  at.set(kTokens, tokens);
  return at;
}

inline double true_log_loss(const Ladder& l, double params, double tokens) {
  const double fading = l.broken ? std::pow(1 + std::pow(params / 6e7, 3.0), 0.08) : 1;
  return std::log(1.8 + fading * l.amplitude / std::pow(params, l.power) +
                  2085 / std::pow(tokens, 0.366));
}

// From 10M to 300M parameters at 5, 10, 20 and 40 tokens each.
inline std::vector<LawRun> draw_ladder(const Ladder& l, Random& random) {
  std::vector<LawRun> runs;
  for (int i = 0; i < l.sizes; ++i)
    for (double ratio : {5.0, 10.0, 20.0, 40.0})
      for (int s = 0; s < l.seeds; ++s) {
        const double n = 1e7 * std::pow(30.0, double(i) / (l.sizes - 1));
        runs.push_back(
            {input_of(n, ratio * n), true_log_loss(l, n, ratio * n) + l.noise * random.normal()});
      }
  return runs;
}

inline bool holds(Interval i, double v) {
  return i.low <= v && v <= i.high;
}
}  // namespace cambium::test
