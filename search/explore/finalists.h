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
  std::vector<std::string> also;  // "base", "only-A": what the same structure is called too
  std::optional<size_t> trial;    // place in the findings; none: it is no trial's model
  PlannedVariant plan;
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

// Writes <folder>/<name>.yaml of each, which `train` takes, and answers the
// study that compares them: its seeds are 1, 2 ..., since the search used 0.
Study finalist_study(const ModelSpace& models, const FinalistField& field,
                     const std::string& folder);

// Who may be the best, by the outcomes of seeds that all have finished.
struct JudgedFinalists {
  std::vector<size_t> judged;               // places in the field
  std::vector<std::vector<double>> values;  // of those, a seed each, in the metric's unit
  std::optional<BestOf> best;               // of the same; none with fewer than two or no seed
};

JudgedFinalists judge(const ModelSpace& models, const FinalistField& field, const Results& results);
}  // namespace cambium
