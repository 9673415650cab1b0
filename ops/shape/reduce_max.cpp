// reduce_max: y = largest x over `axes` (all when none are named), NaN when one is.
//   dx = dy shared evenly among the elements that attain it
#include "ops/support/nan.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/pointwise.h"
#include "ops/support/reduce.h"

namespace cambium::op_reduce_max {
namespace {
std::vector<ValueType> shape(const Call& c) {
  require(reduced_count(c.shape(0), reduced_axes(c)) > 0, "the maximum over no elements of ",
          c.shape(0));
  return reduced_type(c);
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {dy[0].graph->emit("reduce_max_grad", {c.in[0], c.out[0], dy[0]}, c.attrs)};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  std::ranges::fill(out[0].data, -INFINITY);
  for_each_reduced(c.shape(0), reduced_axes(c),
                   [&](int64_t from, int64_t to) { out[0][to] = larger(out[0][to], in[0][from]); });
}

Kernel kernel(const Call& c, Engine&) {
  return fold_kernel<MaxFold>(c.shape(0), reduced_axes(c));
}

Cost cost(const Call& c) {
  Cost cost = operand_cost(c, 0);
  cost.flops = double(c.shape(0).count());
  return cost;
}

std::vector<Sample> samples() {
  std::vector<Sample> all = reduce_samples();
  std::erase_if(all, [](const Sample& s) { return s.inputs[0].type.shape.count() == 0; });
  all.push_back({{Shape{0, 3}}, {{"axes", std::vector<int64_t>{1}}}});
  return all;
}
}  // namespace

extern const Op op_reduce_max = {
    .name = "reduce_max",
    .doc = "largest element over axes",
    .attrs = fields_of<ReduceAttrs>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_reduced,
    .onnx = onnx_reduce_max,
    .samples = samples(),
};
}  // namespace cambium::op_reduce_max
