// Hyperband: brackets of successive halving one after the other, from many trials whose first piece
// is short to a few that are trained whole at once, since nobody knows how early results can be
// trusted. Brackets of K rungs whose first is rung b begin ceil(K / (K - b) keep^(b + 1 - K))
// trials; all cost about the same. After the last comes the first
// again, until all trials have begun.
#include <algorithm>
#include <cmath>

#include "search/rungs/support/rung_method.h"

namespace cambium::rung_hyperband {
namespace {
RungPlan plan(const Attrs& options, int64_t trials) {
  RungPlan p = plan_of(options.as<RungOptions>());
  p.whole_rungs = true;
  const auto rungs = int64_t(p.shares.size());
  while (trials > 0)
    for (int64_t first = 0; first < rungs && trials > 0; ++first) {
      const double n =
          double(rungs) / double(rungs - first) * std::pow(p.keep, double(first + 1 - rungs));
      const auto wanted = int64_t(std::ceil(std::min(n, 1e9) - 1e-9));
      p.brackets.push_back({.first = first, .trials = std::min(wanted, trials)});
      trials -= p.brackets.back().trials;
    }
  return p;
}
}  // namespace

extern const RungMethod rung_hyperband;
const RungMethod rung_hyperband = {
    .name = "hyperband",
    .doc = "brackets of halving, from many short first pieces to a few whole trainings",
    .paper = "Li et al. 2018, JMLR 18:185, arXiv 1603.06560",
    .attrs = fields_of<RungOptions>,
    .plan = plan};
}  // namespace cambium::rung_hyperband
