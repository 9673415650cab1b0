// pad: zeros before and after x along `axis`.
//   dx = the slice of dy between them
#include <cstring>

#include "graph/graph.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_pad {
namespace {
struct Pad {
  int64_t axis = -1, before = 0, after = 0;
  static constexpr auto fields =
      std::tuple{field("axis", &Pad::axis, "the axis that grows, from the end when negative"),
                 field("before", &Pad::before, "zeros in front").in(0),
                 field("after", &Pad::after, "zeros behind").in(0)};
};

std::vector<ValueType> shape(const Call& c) {
  const auto [axis, before, after] = c.as<Pad>();
  Shape s = c.shape(0);
  const int at = normalised_axis(axis, s);
  require_f32(c, 0);
  s.set(at, s[at] + before + after);
  return {{DType::kF32, s}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const auto [axis, before, after] = c.as<Pad>();
  const int64_t extent = c.shape(0)[normalised_axis(axis, c.shape(0))];
  return {dy[0].graph->emit("slice", {dy[0]},
                            {{"axis", axis}, {"begin", before}, {"end", before + extent}})};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto [axis, before, after] = c.as<Pad>();
  const AxisView v = axis_view(c.shape(0), normalised_axis(axis, c.shape(0)));
  const int64_t n = v.n * v.inner, longer = n + (before + after) * v.inner;
  for (int64_t i = 0; i < in[0].size(); ++i)
    out[0][i / n * longer + before * v.inner + i % n] = in[0][i];
}

Kernel kernel(const Call& c, Engine&) {
  const auto [axis, before, after] = c.as<Pad>();
  const AxisView v = axis_view(c.shape(0), normalised_axis(axis, c.shape(0)));
  const int64_t n = v.n * v.inner, front = before * v.inner, behind = after * v.inner;
  const int64_t longer = front + n + behind;
  return {.run = [=](const KernelArgs& k) {
    parallel_for(v.outer, 4 * kPointwiseGrain / (longer + 1) + 1, [&](int64_t from, int64_t to) {
      for (int64_t o = from; o < to; ++o) {
        float* y = k.out_f32() + o * longer;
        std::fill_n(y, front, 0.0f);
        std::memcpy(y + front, k.f32(0) + o * n, size_t(n) * sizeof(float));
        std::fill_n(y + front + n, behind, 0.0f);
      }
    });
  }};
}

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const int axis = normalised_axis(c.as<Pad>().axis, c.shape(0));
  const int64_t before = c.as<Pad>().before;
  out[0] = along(in[0], axis, out[0].shape[axis],
                 [=](int64_t o, const Hear& hear) { hear(o - before, o - before + 1); });
}
}  // namespace

extern const Op op_pad = {
    .name = "pad",
    .doc = "zeros before and after along one axis",
    .attrs = fields_of<Pad>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<0>,
    .reach = reach,
    .cheap = true,
    .onnx = onnx_pad,
    .samples = {{{Shape{3, 2}}, {{"before", 1}, {"after", 2}}},
                {{Shape{4, 3, 2}}, {{"axis", 1}, {"before", 0}, {"after", 1}}},
                {{Shape{5}}, {{"axis", 0}, {"before", 2}, {"after", 0}}},
                {{Shape{3, 0}}, {{"before", 1}, {"after", 1}}},
                {{Shape{0, 3}}, {{"before", 1}, {"after", 1}}}},
};
}  // namespace cambium::op_pad
