// reduce_sum: y = sum of x over `axes` (all when none are named).
//   dx = dy repeated
#include "ops/support/onnx/rules.h"
#include "ops/support/pointwise.h"
#include "ops/support/reduce.h"

namespace cambium::op_reduce_sum {
namespace {
std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {spread(c, dy[0])};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  for_each_reduced(c.shape(0), reduced_axes(c),
                   [&](int64_t from, int64_t to) { out[0][to] += in[0][from]; });
}

Kernel kernel(const Call& c, Engine&) {
  return fold_kernel<SumFold>(c.shape(0), reduced_axes(c));
}

Cost cost(const Call& c) {
  Cost cost = operand_cost(c, 0);
  cost.flops = double(c.shape(0).count());
  return cost;
}
}  // namespace

extern const Op op_reduce_sum = {
    .name = "reduce_sum",
    .doc = "sum over axes",
    .attrs = fields_of<ReduceAttrs>,
    .shape = reduced_type,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_reduced,
    .onnx = onnx_reduce_sum,
    .tolerance = 1e-5,  // sums of many terms
    .samples = reduce_samples(),
};
}  // namespace cambium::op_reduce_sum
