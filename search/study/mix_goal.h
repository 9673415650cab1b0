// Mix goal: what `mix:` says: the mixtures of a corpus's sources that a study trains on, to find
// the best one.
//   mix:
//     runs: 24                              # mixtures, each trained with every variant and seed
//     target: {val.loss.source.docs: 1, val.loss.source.code: 1}   # a mean; or one metric
//     strength: [0.5, 10]                   # of the Dirichlet draws: low is nearly one source
//     forms: [linear, log_shares, exponential]
//     check: 3                              # seeds of the best one against others
#pragma once
#include "core/yaml/yaml.h"

namespace cambium {
struct MixGoal {
  Mark mark;         // of the key's value
  Mark target_mark;  // of `target:`
  int64_t runs = 32;
  std::vector<std::pair<std::string, double>> target;  // weights, which add up to 1
  std::vector<std::pair<std::string, double>> around;  // by source; empty: their sizes
  Mark around_mark;
  double temperature = 0.5, least_strength = 0.1, most_strength = 5;
  double most_epochs = 0;          // times that a run may read a source; 0: no limit
  std::vector<std::string> forms;  // empty: all
  int64_t check = 3;               // seeds of the check; 0: none
  int64_t seed = 0;                // of the draws
};
}  // namespace cambium
