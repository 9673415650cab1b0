// Searches of published tables, for tests and for bench/search_methods.
#pragma once
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "core/system/files.h"
#include "search/answer/best_of.h"
#include "search/answer/front.h"
#include "search/replay/table_study.h"
#include "search/verdict/stats.h"
#include "tests/support/data/test_data.h"

namespace cambium::test {
inline std::string macro_table() {
  return data_path("nas/nas_bench_macro/table.csv");
}

inline std::string macro_study(const std::string& method, int64_t trials, bool flops = false) {
  return "base: {table: " + macro_table() +
         ", key: architecture, columns: {accuracy: [accuracy_0, accuracy_1, accuracy_2]}}\n"
         "space: {architecture: {pattern: \"012\", length: 8}}\n" +
         (flops ? "objectives: {accuracy: max, flops: min}\nreference: {accuracy: 85}\n"
                : "objectives: {accuracy: max}\n") +
         "search: {method: " + method + ", trials: " + std::to_string(trials) + ", lag: 8}\n";
}

// Writes the study where a test may and reads it.
inline TableStudy table_study(const std::string& yaml) {
  const std::string file = (std::filesystem::temp_directory_path() /
                            ("cambium_table_study_" + std::to_string(::getpid()) + ".yaml"))
                               .string();
  replace_file(file, yaml);
  TableStudy study = load_table_study(file);
  std::filesystem::remove(file);
  return study;
}

struct MeanAndError {
  double mean, error;
};

inline MeanAndError over_seeds(TableStudy& study, int64_t seeds,
                               const std::function<double(const TableSearch&)>& value) {
  std::vector<double> values;
  for (int64_t seed = 0; seed < seeds; ++seed) {
    study.settings.seed = seed;
    values.push_back(value(search_table(study)));
  }
  return {mean_of(values), deviation_of(values) / std::sqrt(double(seeds))};
}

// How far the best that was found lies from the table's best.
inline MeanAndError mean_regret(TableStudy& study, int64_t seeds) {
  const Objective& o = study.objectives[0];
  const auto least = [&](const auto& values) {
    return *std::ranges::min_element(values, {}, [&](double v) { return o.loss(v); });
  };
  const double best = o.loss(least(o.of_rows));
  return over_seeds(study, seeds, [&](const TableSearch& s) {
    double found = INFINITY;
    for (const TableTrial& t : s.trials) found = std::min(found, t.outcome.losses.at(0));
    return found - best;
  });
}

inline std::vector<double> reference_losses(const TableStudy& study) {
  std::vector<double> out;
  for (const Objective& o : study.objectives) out.push_back(o.loss(o.reference));
  return out;
}

inline std::vector<std::vector<double>> all_losses(const TableStudy& study) {
  std::vector<std::vector<double>> out(size_t(study.table->size()));
  for (size_t i = 0; i < out.size(); ++i)
    for (const Objective& o : study.objectives) out[i].push_back(o.loss(o.of_rows[i]));
  return out;
}

// The share of the table's hypervolume that was found.
inline MeanAndError mean_hypervolume_share(TableStudy& study, int64_t seeds) {
  const std::vector<double> reference = reference_losses(study);
  const double all = hypervolume(all_losses(study), reference);
  return over_seeds(study, seeds, [&](const TableSearch& s) {
    std::vector<std::vector<double>> found;
    for (const TableTrial& t : s.trials) found.push_back(t.outcome.losses);
    return hypervolume(found, reference) / all;
  });
}

// The same rows with their first objective in another order: nothing can be learned from it.
inline void shuffle_results(TableStudy& study, uint64_t seed) {
  Random random(seed, stream_of("test.shuffled"));
  random.shuffle(std::span<double>(study.objectives[0].of_rows));
}

struct NamedShare {
  double right = 0, wrong = 0;  // of repeats: the named one is best alone, or it is not
};

// Five finalists whose true means stand in NAS-Bench-Macro, each trained with 5 fresh seeds whose
// noise has a standard deviation of .2. gap 0: those that a search by one training found best,
// equal ones included; else the best of them and four that are at least gap deviations worse.
inline NamedShare named_by_fresh_seeds(int64_t repeats, double gap) {
  constexpr double kNoise = 0.2;
  TableStudy study = table_study(macro_study("tpe", 100));
  const std::vector<double> truth = study.objectives[0].of_rows;
  study.objectives[0].of_rows = study.table->values("accuracy_0", {});
  NamedShare out;
  for (int64_t k = 0; k < repeats; ++k) {
    Random random(uint64_t(k), stream_of("test.finalists"));
    study.settings.seed = k % 40;
    static std::map<int64_t, TableSearch> searches;
    TableSearch& search = searches[k % 40];
    if (search.trials.empty()) search = search_table(study);
    std::ranges::stable_sort(search.trials, {},
                             [](const TableTrial& t) { return t.outcome.losses[0]; });
    std::vector<double> means;
    for (const TableTrial& t : search.trials)
      if (means.size() < 5 &&
          (means.empty() || gap == 0 || truth[size_t(t.row)] <= means[0] - gap * kNoise))
        means.push_back(truth[size_t(t.row)]);
    std::vector<std::vector<double>> values;
    for (const double mean : means) {
      values.emplace_back();
      for (int seed = 0; seed < 5; ++seed) values.back().push_back(mean + kNoise * random.normal());
    }
    const BestOf best = best_of(values);
    if (!best.named) continue;
    const double named = means[*best.named];
    const bool alone = std::ranges::count_if(means, [&](double m) { return m >= named; }) == 1;
    (alone ? out.right : out.wrong) += 1 / double(repeats);
  }
  return out;
}
}  // namespace cambium::test
