// reduce_to: sums x over the axes along which `shape` would be broadcast to x (the gradient of
// broadcasting).
//   dx = dy repeated
#include "graph/graph.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"
#include "ops/support/reduce.h"

namespace cambium::op_reduce_to {
namespace {
struct ReduceTo {
  std::vector<int64_t> shape;
  static constexpr auto fields =
      std::tuple{field("shape", &ReduceTo::shape, "the extents of the result").in(0)};
};

std::vector<ValueType> shape(const Call& c) {
  require_f32(c, 0);
  const Shape to(c.as<ReduceTo>().shape);
  require(broadcasts_to(to, c.shape(0)), c.shape(0), " is not ", to, " broadcast");
  return {{DType::kF32, to}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const auto dims = c.shape(0).dims();
  return {dy[0].graph->emit("broadcast_to", {dy[0]},
                            {{"shape", std::vector<int64_t>(dims.begin(), dims.end())}})};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  for (int64_t i = 0; i < in[0].size(); ++i)
    out[0][broadcast_index(i, c.out_shape(), c.shape(0))] += in[0][i];
}

Kernel kernel(const Call& c, Engine&) {
  return fold_kernel<SumFold>(c.shape(0), broadcast_axes(c.out_shape(), c.shape(0)));
}

Cost cost(const Call& c) {
  Cost cost = operand_cost(c, 0);
  cost.flops = double(c.shape(0).count());
  return cost;
}

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const std::vector<int> axes = broadcast_axes(out[0].shape, c.shape(0));
  out[0] = reduced(in[0], axes, out[0].shape);
}
}  // namespace

extern const Op op_reduce_to = {
    .name = "reduce_to",
    .doc = "sum over the axes along which a shape was broadcast",
    .attrs = fields_of<ReduceTo>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .onnx = onnx_reduce_to,
    .tolerance = 1e-5,  // sums of many terms
    .samples = {{{Shape{3, 5}}, {{"shape", std::vector<int64_t>{3, 1}}}},
                {{Shape{3, 5}}, {{"shape", std::vector<int64_t>{5}}}},
                {{Shape{3, 5}}, {{"shape", std::vector<int64_t>{}}}},
                {{Shape{5, 2, 4, 3}}, {{"shape", std::vector<int64_t>{2, 1, 3}}}},
                {{Shape{4}}, {{"shape", std::vector<int64_t>{4}}}},
                {{Shape{0, 3}}, {{"shape", std::vector<int64_t>{1, 3}}}},
                {{Shape{700, 33}}, {{"shape", std::vector<int64_t>{33}}}}},
};
}  // namespace cambium::op_reduce_to
