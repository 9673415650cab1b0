// Studies of made-up populations, of which the truth is known, and the tables of
// bench/statistics.cpp.
#pragma once
#include <algorithm>
#include <cmath>
#include <functional>

#include "core/rng.h"
#include "core/text/fmt.h"
#include "search/verdict/decision.h"
#include "search/verdict/looks.h"

namespace cambium {
// What one training comes to, as a function of its luck: mean 0, deviation about 1.
struct Population {
  const char* name;
  double mean;
  double (*draw)(Random&);
};

inline const Population kPopulations[] = {
    {"normal", 0, [](Random& r) { return r.normal(); }},
    {"skewed", 1, [](Random& r) { return -std::log(1 - r.uniform()); }},
    {"bimodal 1:1", 0, [](Random& r) { return (r.uniform() < 0.5 ? 1 : -1) + 0.05 * r.normal(); }},
    {"bimodal 1:4", 0.4, [](Random& r) { return (r.uniform() < 0.2 ? 2 : 0) + 0.1 * r.normal(); }},
    {"three modes", 0, [](Random& r) { return double(r.below(3)) - 1 + 0.01 * r.normal(); }},
    {"heavy tails", 0,
     [](Random& r) { return r.normal() / std::sqrt(-std::log(1 - r.uniform()) + 1e-9); }}};

inline int studies = 5000;  // a cell

struct Setting {
  int variants = 2, seeds = 3;
  int64_t test_examples = 0;     // 0: a loss
  double fail = 0;               // chance of a run to fail
  double low_fails = -INFINITY;  // of the second variant, a run below fails
  int look = 1;
};

inline double outcome(const Population& p, Random& r, const Setting& s) {
  const double x = p.draw(r);
  if (s.test_examples == 0) return x;
  const double m = double(s.test_examples);
  return std::clamp(std::round((0.7 + 0.08 * x) * m) / m, 0.0, 1.0);
}

inline void add_seed(Evidence& e, const Population& p, const Setting& s, Random& r) {
  for (size_t v = 0; v < e.variants.size(); ++v) {
    const double x = outcome(p, r, s);
    const bool fails = r.uniform() < s.fail || (v == 1 && x < s.low_fails);
    e.variants[v].push_back({fails ? SeedOutcome::kFailed : SeedOutcome::kDone, x});
  }
}

inline Evidence study_of(const Population& p, const Setting& s, Random& r) {
  Evidence e{.maximize = true, .test_examples = s.test_examples};
  e.alpha = alpha_of_look(0.05, s.look);
  e.variants.resize(size_t(s.variants));
  for (int seed = 0; seed < s.seeds; ++seed) add_seed(e, p, s, r);
  return e;
}

inline bool claims(const Evidence& e) {
  return std::ranges::any_of(decide(e), [](const Decision& d) {
    return d.claim == Claim::kBetter || d.claim == Claim::kWorse;
  });
}

inline void header(const std::string& title, std::vector<std::string> columns) {
  fmt::print("\n{}\n\n|", title);
  for (const std::string& c : columns) fmt::print(" {} |", c);
  fmt::print("\n|");
  for (size_t i = 0; i < columns.size(); ++i) fmt::print("---|");
  fmt::print("\n");
}

inline void population_table(
    const std::string& title, const std::vector<Setting>& settings,
    const std::function<std::string(const Setting&)>& name,
    const std::function<double(const Population&, const Setting&)>& value) {
  std::vector<std::string> columns = {""};
  for (const Population& p : kPopulations) columns.emplace_back(p.name);
  header(title, columns);
  for (const Setting& s : settings) {
    fmt::print("| {} |", name(s));
    for (const Population& p : kPopulations) fmt::print(" {:.1f} |", value(p, s));
    fmt::print("\n");
    std::fflush(stdout);
  }
}
}  // namespace cambium
