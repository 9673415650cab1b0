// reduce_max_grad: dx = dy / n where x equals the maximum y of its group and n elements do,
// NaN where y is.
#include "ops/support/nan.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"
#include "ops/support/reduce.h"

namespace cambium::op_reduce_max_grad {
namespace {
std::vector<ValueType> shape(const Call& c) {
  const std::vector<ValueType> y = reduced_type(c);
  for (int i : {1, 2})
    require(c.shape(i) == y[0].shape, "input ", i, " has shape ", c.shape(i), ", not ", y[0].shape);
  return {{DType::kF32, c.shape(0)}};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const std::vector<int> axes = reduced_axes(c);
  std::vector<double> ties(in[1].data.size(), 0.0);
  for_each_reduced(c.shape(0), axes, [&](int64_t i, int64_t k) {
    if (in[0][i] == in[1][k]) ++ties[size_t(k)];
  });
  for_each_reduced(c.shape(0), axes, [&](int64_t i, int64_t k) {
    out[0][i] = unless_nan(in[1][k], in[0][i] == in[1][k] ? in[2][k] / ties[size_t(k)] : 0);
  });
}

// Offsets in x: of each group's first element, and of a group's elements from there.
struct Offsets {
  std::vector<int64_t> group, member;
};

Offsets offsets_of(const Shape& s, const std::vector<int>& axes) {
  const std::vector<int64_t> strides = strides_of(s);
  Offsets o{{0}, {0}};
  for (int axis = 0; axis < s.rank(); ++axis) {
    auto& list = std::ranges::find(axes, axis) != axes.end() ? o.member : o.group;
    std::vector<int64_t> longer;
    for (int64_t base : list)
      for (int64_t i = 0; i < s[axis]; ++i) longer.push_back(base + i * strides[size_t(axis)]);
    list = std::move(longer);
  }
  return o;
}

Kernel kernel(const Call& c, Engine&) {
  const Offsets o = offsets_of(c.shape(0), reduced_axes(c));
  const int64_t groups = int64_t(o.group.size()), members = int64_t(o.member.size());
  return {.run = [=](const KernelArgs& k) {
    const float *x = k.f32(0), *y = k.f32(1), *dy = k.f32(2);
    float* dx = k.out_f32();
    parallel_for(groups, 8192 / (members + 1) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t g = begin; g < end; ++g) {
        const int64_t base = o.group[size_t(g)];
        int64_t ties = 0;
        for (int64_t m : o.member) ties += x[base + m] == y[g];
        const float share = ties > 0 ? dy[g] / float(ties) : 0;
        const float others = unless_nan(y[g], 0.0f);
        for (int64_t m : o.member) dx[base + m] = x[base + m] == y[g] ? share : others;
      }
    });
  }};
}

std::vector<Sample> samples() {
  const auto axes = [](std::vector<int64_t> a) { return Args{{"axes", std::move(a)}}; };
  return {{{Shape{3, 7}, Shape{}, Shape{}}},
          {{{Shape{3, 7}, 0, 1}, {Shape{3}, 0, 1}, Shape{3}}, axes({1})},
          {{{DType::kF32, Shape{4, 5, 2}, 1, 1.0000002}, {Shape{4, 2}, 1, 1.0000002}, Shape{4, 2}},
           axes({1})},
          {{Shape{0, 3}, Shape{3}, Shape{3}}, axes({0})}};
}
}  // namespace

extern const Op op_reduce_max_grad = {
    .name = "reduce_max_grad",
    .doc = "gradient of reduce_max from x, its result and dy",
    .min_inputs = 3,
    .max_inputs = 3,
    .attrs = fields_of<ReduceAttrs>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<2>,
    .reach = reach_all,
    .not_onnx = kOnnxGradient,
    .samples = samples(),
};
}  // namespace cambium::op_reduce_max_grad
