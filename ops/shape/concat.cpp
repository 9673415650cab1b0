// concat: the inputs one after another along `axis`; their other extents agree.
//   each input's gradient is its slice of dy
#include <cstring>

#include "graph/graph.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_concat {
namespace {
struct Concat {
  int64_t axis = -1;
  static constexpr auto fields =
      std::tuple{field("axis", &Concat::axis, "the axis that grows, from the end when negative")};
};

std::vector<ValueType> shape(const Call& c) {
  const int axis = normalised_axis(c.as<Concat>().axis, c.shape(0));
  Shape y = c.shape(0);
  for (int i = 0; i < c.inputs(); ++i) {
    require_f32(c, i);
    Shape one = c.shape(i);
    require(one.rank() == y.rank(), "inputs have ranks ", y.rank(), " and ", one.rank());
    if (i > 0) y.set(axis, y[axis] + one[axis]);
    one.set(axis, y[axis]);
    require(one == y, "input ", i, " is ", c.shape(i), ", input 0 is ", c.shape(0), "; only axis ",
            axis, " may differ");
  }
  return {{DType::kF32, y}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const int axis = normalised_axis(c.as<Concat>().axis, c.shape(0));
  std::vector<Value> dx;
  int64_t begin = 0;
  for (int i = 0; i < c.inputs(); ++i) {
    const int64_t end = begin + c.shape(i)[axis];
    dx.push_back(
        dy[0].graph->emit("slice", {dy[0]}, {{"axis", axis}, {"begin", begin}, {"end", end}}));
    begin = end;
  }
  return dx;
}

// Row lengths of each input: what stands together in the result.
std::vector<int64_t> row_lengths(const Call& c) {
  const int axis = normalised_axis(c.as<Concat>().axis, c.shape(0));
  std::vector<int64_t> lengths;
  for (int i = 0; i < c.inputs(); ++i) {
    const AxisView v = axis_view(c.shape(i), axis);
    lengths.push_back(v.n * v.inner);
  }
  return lengths;
}

int64_t row_count(const Call& c) {
  return axis_view(c.out_shape(), normalised_axis(c.as<Concat>().axis, c.shape(0))).outer;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const std::vector<int64_t> lengths = row_lengths(c);
  int64_t at = 0;
  for (int64_t r = 0; r < row_count(c); ++r)
    for (size_t i = 0; i < lengths.size(); ++i)
      for (int64_t j = 0; j < lengths[i]; ++j) out[0][at++] = in[i][r * lengths[i] + j];
}

Kernel kernel(const Call& c, Engine&) {
  const std::vector<int64_t> lengths = row_lengths(c);
  const int64_t rows = row_count(c);
  int64_t total = 0;
  for (int64_t n : lengths) total += n;
  return {.run = [=](const KernelArgs& k) {
    parallel_for(rows, 4 * kPointwiseGrain / (total + 1) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        float* y = k.out_f32() + r * total;
        for (size_t i = 0; i < lengths.size(); ++i) {
          const int64_t n = lengths[i];
          std::memcpy(y, k.f32(int(i)) + r * n, size_t(n) * sizeof(float));
          y += n;
        }
      }
    });
  }};
}

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const int axis = normalised_axis(c.as<Concat>().axis, c.shape(0));
  int64_t begin = 0;
  bool first = true;
  for (const Reach& x : in) {
    const int64_t at = begin;
    const Reach moved = along(x, axis, out[0].shape[axis],
                              [=](int64_t o, const Hear& hear) { hear(o - at, o - at + 1); });
    out[0] = first ? moved : joined(out[0], moved, moved.shape);
    first = false;
    begin += x.shape[axis];
  }
}
}  // namespace

extern const Op op_concat = {
    .name = "concat",
    .doc = "joins tensors along one axis",
    .max_inputs = -1,
    .attrs = fields_of<Concat>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<0>,
    .reach = reach,
    .cheap = true,
    .onnx = onnx_concat,
    .samples = {{{Shape{2, 3}, Shape{2, 5}}},
                {{Shape{2, 3, 4}, Shape{2, 1, 4}, Shape{2, 2, 4}}, {{"axis", 1}}},
                {{Shape{3}}, {{"axis", 0}}},
                {{Shape{0, 3}, Shape{2, 3}}, {{"axis", 0}}},
                {{Shape{0, 3}, Shape{0, 2}}, {{"axis", 1}}}},
};
}  // namespace cambium::op_concat
