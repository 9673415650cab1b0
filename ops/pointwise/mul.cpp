// mul: y = a * b with NumPy broadcasting.
//   da = dy * b, db = dy * a, summed over broadcast axes
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium {
namespace {
struct Mul {
  template <class T> [[gnu::always_inline]] T operator()(T a, T b) const { return a * b; }
};

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  Graph& g = *dy[0].graph;
  return {unbroadcast(g.emit("mul", {dy[0], c.in[1]}), c.shape(0)),
          unbroadcast(g.emit("mul", {dy[0], c.in[0]}), c.shape(1))};
}

void reach(const Call&, std::span<const Reach> in, std::span<Reach> out) {
  out[0] = product(in[0], in[1], out[0].shape);
}
}  // namespace

extern const Op op_mul = {
    .name = "mul",
    .doc = "product of two tensors, broadcasting",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = broadcast_shape,
    .vjp = vjp,
    .reference = binary_reference<Mul>,
    .kernel = binary_kernel<Mul>,
    .range = binary_range<Mul>,
    .cost = pointwise_cost<1>,
    .reach = reach,
    .in_place = broadcast_in_place,
    .samples = binary_samples(),
};
}  // namespace cambium
