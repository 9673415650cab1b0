// ASHA: who is among a rung's best share of those that have ended goes on at once, so that nobody
// waits for a rung to fill.
#include "search/rungs/support/rung_method.h"

namespace cambium::rung_asha {
namespace {
RungPlan plan(const Attrs& options, int64_t trials) {
  RungPlan p = plan_of(options.as<RungOptions>());
  p.brackets = {{.first = 0, .trials = trials}};
  return p;
}
}  // namespace

extern const RungMethod rung_asha;
const RungMethod rung_asha = {.name = "asha",
                              .doc = "who is among a rung's best share so far goes on at once",
                              .paper = "Li et al. 2020, MLSys, arXiv 1810.05934",
                              .attrs = fields_of<RungOptions>,
                              .plan = plan};
}  // namespace cambium::rung_asha
