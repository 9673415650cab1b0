// Which form foretells losses best, by cross-validation over mixtures.
#pragma once
#include <optional>

#include "search/mixtures/support/form.h"

namespace cambium {
struct FormScore {
  const MixtureForm* form = nullptr;
  std::string why_not;             // it could not be fitted; what follows is then nothing
  std::vector<double> foretold;    // of each run, by the fit without its mixture
  double error = 0;                // root of the mean square of foretold less measured
  std::optional<double> spearman;  // of foretold and measured; none where either is constant
};

struct FormChoice {
  std::vector<FormScore> scores;  // in the order of the forms asked for
  size_t best = 0;                // the least error
  double constant_error = 0;      // of the mean of the others: what no form knows

  const FormScore& chosen() const { return scores[best]; }
};

// Each mixture's runs fall to one of ten parts, drawn from the seed (with fewer mixtures each is a
// part), and are foretold from the others. UserError when no form can be fitted.
FormChoice choose_form(const MixturePoints& points, std::span<const MixtureForm* const> forms,
                       uint64_t seed);
}  // namespace cambium
