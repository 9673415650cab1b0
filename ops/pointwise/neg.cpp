// neg: y = -x.
//   dx = -dy
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Neg {
  template <class T> [[gnu::always_inline]] T operator()(T x) const { return -x; }
};

std::vector<Value> vjp(const Call&, std::span<const Value> dy) {
  return {dy[0].graph->emit("neg", {dy[0]})};
}
}  // namespace

extern const Op op_neg = {
    .name = "neg",
    .doc = "-x",
    .shape = like_first,
    .vjp = vjp,
    .reference = unary_reference<Neg>,
    .kernel = unary_kernel<Neg>,
    .range = unary_range<Neg>,
    .cost = pointwise_cost<1>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .samples = unary_samples(),
};
}  // namespace cambium
