// clip_scale(norm [...]; max) -> [...]: y = min(1, max / (norm + 1e-6)): the factor that brings
// gradients of this norm down to `max`. Part of the update, so it needs no gradient. A NaN norm
// gives NaN.
#include "graph/op.h"
#include "ops/support/reach.h"

namespace cambium::op_clip_scale {
namespace {
struct ClipScale {
  double max = 1;
  static constexpr auto fields =
      std::tuple{field("max", &ClipScale::max, "largest norm that passes unscaled").in(0)};
};

template <class T> T factor(T norm, double max) {
  const T scale = T(max) / (norm + T(1e-6));
  return scale >= T(1) ? T(1) : scale;
}

std::vector<ValueType> shape(const Call& c) {
  require(c.dtype(0) == DType::kF32, "norm must be f32, got ", c.in[0].type());
  return {c.in[0].type()};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  for (int64_t i = 0; i < in[0].size(); ++i) out[0][i] = factor(in[0][i], c.as<ClipScale>().max);
}

Kernel kernel(const Call& c, Engine&) {
  const double max = c.as<ClipScale>().max;
  return {.run = [max, n = c.shape(0).count()](const KernelArgs& args) {
    for (int64_t i = 0; i < n; ++i) args.out_f32()[i] = factor(args.f32(0)[i], max);
  }};
}
}  // namespace

extern const Op op_clip_scale;
const Op op_clip_scale = {.name = "clip_scale",
                          .doc = "factor that clips gradients to a largest norm",
                          .attrs = fields_of<ClipScale>,
                          .shape = shape,
                          .reference = reference,
                          .kernel = kernel,
                          .reach = reach_pointwise,
                          .in_place = first_in_place,
                          .not_onnx = kOnnxUpdate,
                          .samples = {{{SampleInput(Shape{}, 0.1, 0.9)}},
                                      {{SampleInput(Shape{3}, 5, 6)}, {{"max", 2.0}}},
                                      {{Shape{0}}}}};
}  // namespace cambium::op_clip_scale
