// ema_update(step i64 [], p1..pn, a1..an; decay) -> a1'..an', in place: moving averages of weights.
//   a' = d a + (1 - d) p,  d = min(decay, (1 + step) / (10 + step));  a' = p at step 1
// so that a short run does not average over its random start. Polyak and Juditsky 1992; the rising
// decay: TensorFlow's ExponentialMovingAverage.
#include <algorithm>

#include "ops/support/reach.h"
#include "ops/update/support/update.h"

namespace cambium::op_ema_update {
namespace {
struct Ema {
  double decay = 0.999;
  static constexpr auto fields =
      std::tuple{field("decay", &Ema::decay, "share of the average that a step keeps").in(0, 1)};
};

int tensor_count(const Call& c) {
  return (c.inputs() - 1) / 2;
}

// How far the average moves to the parameter.
double share(const Ema& a, double step) {
  return step <= 1 ? 1 : 1 - std::min(a.decay, (1 + step) / (10 + step));
}

std::vector<ValueType> shape(const Call& c) {
  require(c.in[0].type() == ValueType{DType::kI64, {}}, "step must be i64 []");
  require(c.inputs() % 2 == 1, c.inputs() - 1, " tensors are not 2 groups of one size");
  check_update_inputs(c, 0, 1, 2, tensor_count(c));
  return types_of(c, 1, tensor_count(c));
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const size_t n = size_t(tensor_count(c));
  const double t = share(c.as<Ema>(), in[0][0]);
  for (size_t k = 0; k < n; ++k)
    for (int64_t i = 0; i < out[k].size(); ++i)
      out[k][i] = (1 - t) * in[1 + n + k][i] + t * in[1 + k][i];
}

CAMBIUM_SIMD void approach(const float* p, const float* a, float* to, int64_t n, float t) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) to[i] = (1 - t) * a[i] + t * p[i];
}

Kernel kernel(const Call& c, Engine&) {
  const int n = tensor_count(c);
  return {.run = [=, a = c.as<Ema>(), chunks = UpdateChunks(c, 1, n)](const KernelArgs& args) {
    const auto t = float(share(a, double(args.i64(0)[0])));
    chunks.each([&](UpdatePiece piece) {
      const int k = piece.tensor;
      const int64_t at = piece.begin;
      approach(args.f32(1 + k) + at, args.f32(1 + n + k) + at, args.out_f32(k) + at, piece.end - at,
               t);
    });
  }};
}

Cost cost(const Call& c) {
  double elements = 0;
  for (int k = 0; k < tensor_count(c); ++k) elements += double(c.shape(1 + k).count());
  return {.flops = 3 * elements, .bytes = 12 * elements};
}

std::vector<InPlace> in_place(const Call& c) {
  const int n = tensor_count(c);
  std::vector<InPlace> pairs;
  for (int k = 0; k < n; ++k) pairs.push_back({k, 1 + n + k});
  return pairs;
}

std::vector<Sample> samples() {
  const SampleInput step(DType::kI64, {}, 2, 50), first(DType::kI64, {}, 1, 2);
  return {{{step, Shape{3, 5}, Shape{3, 5}}},
          {{first, Shape{3, 5}, Shape{1}, Shape{3, 5}, Shape{1}}, {{"decay", 0.5}}},
          {{step, Shape{0}, Shape{130, 257}, Shape{0}, Shape{130, 257}}, {{"decay", 0.25}}}};
}
}  // namespace

extern const Op op_ema_update;
const Op op_ema_update = {.name = "ema_update",
                          .doc = "moving averages of all parameters, in place",
                          .min_inputs = 3,
                          .max_inputs = -1,
                          .attrs = fields_of<Ema>,
                          .shape = shape,
                          .reference = reference,
                          .kernel = kernel,
                          .cost = cost,
                          .reach = reach_all,
                          .in_place = in_place,
                          .not_onnx = kOnnxUpdate,
                          .smooth = false,
                          .samples = samples()};
}  // namespace cambium::op_ema_update
