// Small experiments for tests of training: a spec as text, opened; and a reporter that remembers.
#pragma once
#include <string>
#include <vector>

#include "core/system/files.h"
#include "tests/support/data/test_data.h"
#include "tests/support/graph_values.h"
#include "train/run/trainer.h"

namespace cambium::test {
// A next-token model of a Markov chain: 64 training sequences in 8 batches an epoch.
inline std::string markov_spec(const std::string& train) {
  return "data: {markov_text: {symbols: 6, order: 1, context: 12, train: 64, val: 16, test: 16}}\n"
         "model:\n"
         "  - embed: 8\n"
         "  - residual: [{norm: layer}, {ffn: {expand: 2, dropout: 0.1}}]\n"
         "  - linear: $classes\n"
         "train: " +
         train + "\n";
}

inline Experiment open_text(const TempFolder& folder, const std::string& text,
                            const std::vector<std::string>& set = {}) {
  replace_file(folder.path("spec.yaml"), text);
  return open_experiment(load_spec(folder.path("spec.yaml"), set));
}

struct Remember : Progress {
  std::vector<double> losses;
  std::vector<EvaluationReport> evaluations;
  std::vector<std::string> notes;
  std::vector<int64_t> checkpoints;

  void on_step(const StepReport& r) override { losses.push_back(r.loss); }

  void on_evaluation(const EvaluationReport& r) override { evaluations.push_back(r); }

  void on_checkpoint(int64_t step) override { checkpoints.push_back(step); }

  void on_note(const std::string& text) override { notes.push_back(text); }
};
}  // namespace cambium::test
