// Looks: how often the outcomes of a study were looked at, and what each look may spend of alpha.
//
// More seeds for a study whose result is known are a further look; "more seeds until it is
// significant" makes false claims of 11 to 26 % where each look takes the whole alpha. Here look j
// takes 3/4 of what earlier looks left: 0.0375, 0.0094, 0.0023 ... of 0.05. Their sum is alpha, so
// any number of looks at any numbers of seeds makes false claims in at most alpha of all studies
// (alpha spending by Bonferroni's inequality; Lan and DeMets 1983, Biometrika 70:659). Looks that
// are planned from the start, `seeds: {until: decided}`, are one of these together, and share its
// alpha by their joint distribution (search/verdict/sequence.h).
#pragma once
#include "core/text/json_forward.h"
#include "search/study/study.h"

namespace cambium {
double alpha_of_look(double alpha, int64_t look);  // look >= 1

// What a study settles on at its first run; kept in study.json under "frozen".
struct Frozen {
  std::string metric, baseline;
  double alpha = 0.05, least_effect = 0;
  std::vector<std::string> vary;
  std::vector<std::vector<int64_t>> looks;  // the seeds of each, the last one's are the study's
  // Numbers of seeds to look at within the last of them (Study::looks), which share its alpha.
  std::vector<int64_t> planned = {};
  std::vector<std::string> tasks = {};  // "recall by val.accuracy"

  bool operator==(const Frozen&) const = default;
};

Frozen frozen_of(const Study& study);

// What the folder's study settled on, carried on with this one's seeds: a look more when they
// differ and outcomes were known. UserError when outcomes are known and the study now asks for
// another metric, baseline, alpha, least effect, or leaves out finished seeds or variants.
Frozen carried_on(const Study& study, const std::string& folder);

Json to_json(const Frozen& frozen);
Frozen frozen_from(const Json& study_json);  // of folders without it: one look at their seeds
}  // namespace cambium
