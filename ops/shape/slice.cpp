// slice: the elements [begin, end) along `axis`.
//   dx = dy between zeros (pad)
#include <cstring>

#include "graph/graph.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_slice {
namespace {
struct Slice {
  int64_t axis = -1, begin = 0, end = 0;
  static constexpr auto fields =
      std::tuple{field("axis", &Slice::axis, "the axis, from the end when negative"),
                 field("begin", &Slice::begin, "first element kept").in(0),
                 field("end", &Slice::end, "one past the last element kept").in(0)};
};

std::vector<ValueType> shape(const Call& c) {
  const auto [axis, begin, end] = c.as<Slice>();
  Shape s = c.shape(0);
  const int at = normalised_axis(axis, s);
  require_f32(c, 0);
  require(begin <= end && end <= s[at], "slice [", begin, ", ", end, ") leaves axis ", at, " of ",
          s);
  s.set(at, end - begin);
  return {{DType::kF32, s}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const auto [axis, begin, end] = c.as<Slice>();
  const int64_t extent = c.shape(0)[normalised_axis(axis, c.shape(0))];
  return {dy[0].graph->emit("pad", {dy[0]},
                            {{"axis", axis}, {"before", begin}, {"after", extent - end}})};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto [axis, begin, end] = c.as<Slice>();
  const AxisView v = axis_view(c.shape(0), normalised_axis(axis, c.shape(0)));
  int64_t at = 0;
  for (int64_t o = 0; o < v.outer; ++o)
    for (int64_t i = begin * v.inner; i < end * v.inner; ++i)
      out[0][at++] = in[0][o * v.n * v.inner + i];
}

Kernel kernel(const Call& c, Engine&) {
  const auto [axis, begin, end] = c.as<Slice>();
  const AxisView v = axis_view(c.shape(0), normalised_axis(axis, c.shape(0)));
  const int64_t n = (end - begin) * v.inner, stride = v.n * v.inner, first = begin * v.inner;
  return {.run = [=](const KernelArgs& k) {
    parallel_for(v.outer, 4 * kPointwiseGrain / (n + 1) + 1, [&](int64_t from, int64_t to) {
      for (int64_t o = from; o < to; ++o)
        std::memcpy(k.out_f32() + o * n, k.f32(0) + o * stride + first, size_t(n) * sizeof(float));
    });
  }};
}

Cost cost(const Call& c) {
  return {.bytes = 2.0 * double(c.out[0].type().bytes())};
}

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const auto [at, begin, end] = c.as<Slice>();
  const int axis = normalised_axis(at, c.shape(0));
  const int64_t first = begin;
  out[0] = along(in[0], axis, end - begin,
                 [=](int64_t o, const Hear& hear) { hear(first + o, first + o + 1); });
}
}  // namespace

extern const Op op_slice = {
    .name = "slice",
    .doc = "a range of elements along one axis",
    .attrs = fields_of<Slice>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .cheap = true,
    .onnx = onnx_slice,
    .samples = {{{Shape{3, 7}}, {{"begin", 2}, {"end", 5}}},
                {{Shape{4, 3, 2}}, {{"axis", 1}, {"begin", 0}, {"end", 1}}},
                {{Shape{5}}, {{"axis", 0}, {"begin", 4}, {"end", 5}}},
                {{Shape{3, 4}}, {{"axis", 0}, {"begin", 1}, {"end", 1}}},
                {{Shape{0, 3}}, {{"begin", 1}, {"end", 2}}}},
};
}  // namespace cambium::op_slice
