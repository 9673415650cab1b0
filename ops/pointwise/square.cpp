// square: y = x^2.
//   dx = 2 x dy
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Square {
  template <class T> [[gnu::always_inline]] T operator()(T x) const { return x * x; }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  Graph& g = *dy[0].graph;
  return {g.emit("mul", {g.emit("scale", {dy[0]}, {{"a", 2.0}}), c.in[0]})};
}
}  // namespace

extern const Op op_square = {
    .name = "square",
    .doc = "x * x",
    .shape = like_first,
    .vjp = vjp,
    .reference = unary_reference<Square>,
    .kernel = unary_kernel<Square>,
    .range = unary_range<Square>,
    .cost = pointwise_cost<1>,
    .reach = reach_pointwise,
    .in_place = first_in_place,
    .samples = unary_samples(),
};
}  // namespace cambium
