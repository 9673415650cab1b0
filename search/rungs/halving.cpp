// Successive halving: a rung's best share goes on when all of the rung have ended.
#include "search/rungs/support/rung_method.h"

namespace cambium::rung_halving {
namespace {
RungPlan plan(const Attrs& options, int64_t trials) {
  RungPlan p = plan_of(options.as<RungOptions>());
  p.whole_rungs = true;
  p.brackets = {{.first = 0, .trials = trials}};
  return p;
}
}  // namespace

extern const RungMethod rung_halving;
const RungMethod rung_halving = {
    .name = "halving",
    .doc = "a rung's best share goes on when all of the rung have ended",
    .paper = "Jamieson and Talwalkar 2016, AISTATS, arXiv 1502.07943",
    .attrs = fields_of<RungOptions>,
    .plan = plan};
}  // namespace cambium::rung_halving
