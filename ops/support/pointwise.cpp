#include "ops/support/pointwise.h"

#include <algorithm>

namespace cambium {
std::vector<ValueType> broadcast_shape(const Call& c) {
  const bool chainable = c.shape(0) == c.shape(1);
  for (int i = 0; i < 2; ++i) chainable ? require_float(c, i) : require_f32(c, i);
  return {{DType::kF32, broadcast_shapes(c.shape(0), c.shape(1))}};
}

bool is_plain_pointwise(const Graph& g, const Node& n) {
  const auto shape = n.op ? n.op->shape : nullptr;
  if (!n.op || !n.op->range || n.scope.phase == Phase::kUpdate ||
      (shape != like_first && shape != like_all && shape != broadcast_shape))
    return false;
  return std::ranges::all_of(
      n.inputs, [&](Port p) { return p.node >= 0 && g.type(p).shape == n.outputs[0].shape; });
}

std::vector<InPlace> broadcast_in_place(const Call& c) {
  std::vector<InPlace> options;
  for (int i = 0; i < 2; ++i)
    if (c.shape(i) == c.out_shape()) options.push_back({0, i});
  return options;
}

Cost operand_cost(const Call& c, double flops_per_element) {
  Cost cost{.flops = flops_per_element * double(c.out_shape().count())};
  for (int i = 0; i < c.inputs(); ++i)
    if (c.has(i)) cost.bytes += double(c.in[size_t(i)].type().bytes());
  for (Value v : c.out) cost.bytes += double(v.type().bytes());
  return cost;
}

Value unbroadcast(Value dy, const Shape& to) {
  if (dy.shape() == to) return dy;
  return dy.graph->emit("reduce_to", {dy},
                        {{"shape", std::vector<int64_t>(to.dims().begin(), to.dims().end())}});
}

std::vector<Sample> unary_samples(double lo, double hi, const Args& args) {
  std::vector<Sample> samples;
  for (const Shape& s : {Shape{3, 7}, Shape{}, Shape{1}, Shape{0, 3}, Shape{2, 131, 65}})
    samples.push_back({{{s, lo, hi}}, args});
  return samples;
}

std::vector<Sample> twin_samples(const Args& args) {
  std::vector<Sample> samples;
  for (const Shape& s : {Shape{3, 7}, Shape{}, Shape{0, 3}, Shape{2, 131, 65}})
    samples.push_back({{s, s}, args});
  return samples;
}

std::vector<Sample> binary_samples(double lo, double hi) {
  const std::pair<Shape, Shape> shapes[] = {{{3, 7}, {3, 7}},
                                            {{3, 7}, {7}},
                                            {{7}, {3, 7}},
                                            {{4, 1, 5}, {3, 1}},
                                            {{2, 3, 4}, {2, 1, 4}},
                                            {{5}, {}},
                                            {{}, {}},
                                            {{0, 3}, {3}},
                                            {{130, 127}, {130, 1}},
                                            {{130, 127}, {127}},
                                            {{2, 1, 3}, {1, 4, 1}},
                                            {{1, 1}, {1}},
                                            {{2, 3, 2, 5}, {3, 1, 5}}};
  std::vector<Sample> samples;
  for (const auto& [a, b] : shapes) samples.push_back({{{a, lo, hi}, {b, lo, hi}}});
  return samples;
}
}  // namespace cambium
