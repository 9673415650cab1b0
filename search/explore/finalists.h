// Finalists: the best of a search beside the base and the patterns of one
// letter alone, trained again on seeds that chose nothing, as a study of their
// own.
#pragma once
#include "search/answer/best_of.h"
#include "search/answer/findings.h"
#include "search/candidates/model_space.h"
#include "search/results/results.h"

namespace cambium {
struct Finalist {
  std::string name;  // of its file and of its variant
  std::string key;
  std::vector<std::string> also;      // "base", "only-A": what the same structure is called too
  std::optional<size_t> trial;        // place in the findings; none: it is no trial's model
  std::vector<PlannedVariant> plans;  // one a task, or one

  std::string file(size_t task) const;  // "trial-7-ACCA@recall.yaml"
  // Means over tasks.
  double parameters() const, forward_flops() const, state_bytes() const;
};

struct FinalistField {
  std::vector<Finalist> all;  // the best by the first objective, then the base,
                              // then single letters
  // What belongs among them and cannot be trained, with the reason: "only-F".
  std::vector<std::pair<std::string, std::string>> left_out;
};

// `count` of the best, the base, and for each pattern of the space the best
// one's with one letter alone. Each structure once.
FinalistField choose_finalists(ModelSpace& models, const Findings& findings,
                               const FoundAnswer& answer);

// Writes <folder>/<name>.yaml of each, with tasks <name>@<task>.yaml, which
// `train` takes, and answers the study that compares them: its seeds are 1, 2
// ..., since the search used 0.
Study finalist_study(const ModelSpace& models, const FinalistField& field,
                     const std::string& folder);

// Who may be the best, by the outcomes of seeds that all have finished.
struct JudgedFinalists {
  std::vector<size_t> judged;  // places in the field
  // Of those, a seed each, in the metric's unit: the mean over tasks.
  std::vector<std::vector<double>> values;
  std::optional<BestOf> best;  // of the same; none with fewer than two or no seed
};

// Where they were measured: "test.accuracy" where the data of every task has a
// test part.
std::string judged_metric(const Results& results);

JudgedFinalists judge(const ModelSpace& models, const FinalistField& field, const Results& results);
}  // namespace cambium
