// reduce_mean: y = mean of x over `axes` (all when none are named); 0 over no elements.
//   dx = dy / n repeated
#include "ops/support/onnx/rules.h"
#include "ops/support/pointwise.h"
#include "ops/support/reduce.h"

namespace cambium::op_reduce_mean {
namespace {
double inverse_count(const Call& c) {
  const int64_t n = reduced_count(c.shape(0), reduced_axes(c));
  return n > 0 ? 1.0 / double(n) : 0;
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {spread(c, dy[0].graph->emit("scale", {dy[0]}, {{"a", inverse_count(c)}}))};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const double scale = inverse_count(c);
  for_each_reduced(c.shape(0), reduced_axes(c),
                   [&](int64_t from, int64_t to) { out[0][to] += scale * in[0][from]; });
}

Kernel kernel(const Call& c, Engine&) {
  return fold_kernel<SumFold>(c.shape(0), reduced_axes(c), float(inverse_count(c)));
}

Cost cost(const Call& c) {
  Cost cost = operand_cost(c, 1);
  cost.flops += double(c.shape(0).count());
  return cost;
}
}  // namespace

extern const Op op_reduce_mean = {
    .name = "reduce_mean",
    .doc = "mean over axes",
    .attrs = fields_of<ReduceAttrs>,
    .shape = reduced_type,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_reduced,
    .onnx = onnx_reduce_mean,
    .samples = reduce_samples(),
};
}  // namespace cambium::op_reduce_mean
