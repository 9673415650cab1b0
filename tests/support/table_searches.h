// Searches of published tables, for tests and for bench/search_methods.
#pragma once
#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/system/files.h"
#include "search/answer/front.h"
#include "search/replay/table_study.h"
#include "search/verdict/stats.h"
#include "tests/support/test_data.h"

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
}  // namespace cambium::test
