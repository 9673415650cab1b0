// batch_norm_apply: y = act((x - mean) / sqrt(var + eps) * gamma + beta + residual) with given
// statistics, for evaluation. The statistics carry no gradient.
//   x, y: [..., C]   gamma, beta, mean, var: [C]   residual: [..., C] or left out
//   with `blocked`, x, y and residual are images in blocks of 16 channels (block_channels)
#include <cmath>

#include "ops/norm/support/batch_norm.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"

namespace cambium::op_batch_norm_apply {
namespace {
constexpr int kResidual = 5;

std::vector<ValueType> shape(const Call& c) {
  require_batch_norm_inputs(c, 0, std::array{1, 2, 3, 4});
  require_residual(c, kResidual);
  return {{c.as<BatchNormAttrs>().dtype(), c.shape(0)}};
}

void plain_reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t n = c.shape(1)[0];
  const auto& a = c.as<BatchNormAttrs>();
  for (int64_t i = 0; i < in[0].size(); ++i) {
    const int64_t j = i % n;
    const double z = (in[0][i] - in[3][j]) / std::sqrt(in[4][j] + a.eps) * in[1][j] + in[2][j] +
                     (c.has(kResidual) ? in[kResidual][i] : 0);
    out[0][i] = a.activation == "relu" ? std::max(z, 0.0) : z;
  }
  if (a.dtype() == DType::kBf16) round_to_bf16(out[0]);
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  normalise_in_plain_layout(c, in, out, plain_reference);
}

Kernel kernel(const Call& c, Engine&) {
  const ChannelRuns v(c, 0);
  const int64_t repeats = parameter_repeats(v.n), period = repeats * v.n, all = v.groups * period;
  const NormTransform transform(c, period, kResidual);
  const auto run = [=, eps = c.as<BatchNormAttrs>().eps](const KernelArgs& k) {
    auto* means = reinterpret_cast<float*>(k.scratch);
    float *scale = means + all, *beta = scale + all;
    repeat_parameter(means, v, repeats, [&](int64_t j) { return k.f32(3)[j]; });
    repeat_parameter(scale, v, repeats, [&](int64_t j) {
      return float(k.f32(1)[j] / std::sqrt(double(k.f32(4)[j]) + eps));
    });
    repeat_parameter(beta, v, repeats, [&](int64_t j) { return k.f32(2)[j]; });
    transform(k, means, scale, beta);
  };
  return {.run = run, .scratch_bytes = 3 * all * int64_t(sizeof(float))};
}

std::optional<Absorbed> absorb(const Call& c, std::string_view reader, const Attrs&,
                               Value operand) {
  return absorb_into_norm(c, kResidual, reader, operand);
}
}  // namespace

extern const Op op_batch_norm_apply = {
    .name = "batch_norm_apply",
    .doc = "batch normalisation with given statistics",
    .min_inputs = 5,
    .max_inputs = 6,
    .attrs = fields_of<BatchNormAttrs>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<3>,
    .reach = reach_pointwise,
    .bf16 = norm_in_bf16<0, 5>,
    .blocked = norm_in_blocks<-1, 0, 5>,
    .in_place = norm_in_place,
    .absorb = absorb,
    .cheap = true,
    .onnx = onnx_batch_norm_apply,
    .tolerance = 5e-6,
    .samples = {{{Shape{6, 5}, Shape{5}, Shape{5}, Shape{5}, {Shape{5}, 0.5, 2}}},
                {{Shape{2, 3, 7}, Shape{7}, Shape{7}, Shape{7}, {Shape{7}, 0.5, 2}},
                 {{"activation", "relu"}}},
                {{Shape{50, 300}, Shape{300}, Shape{300}, Shape{300}, {Shape{300}, 0.5, 2}},
                 {{"eps", 1e-3}}},
                {{SampleInput(DType::kBf16, {600, 33}, -2, 2),
                  Shape{33},
                  Shape{33},
                  Shape{33},
                  {Shape{33}, 0.5, 2}},
                 {{"to", "bf16"}}},
                {{Shape{50, 30},
                  Shape{30},
                  Shape{30},
                  Shape{30},
                  {Shape{30}, 0.5, 2},
                  SampleInput(DType::kBf16, {50, 30}, -2, 2)},
                 {{"activation", "relu"}}},
                {{Shape{3, 2, 7, 9, 16}, Shape{32}, Shape{32}, Shape{32}, {Shape{32}, 0.5, 2}},
                 {{"blocked", true}, {"activation", "relu"}}},
                {{Shape{0, 3}, Shape{3}, Shape{3}, Shape{3}, {Shape{3}, 0.5, 2}}}},
};
}  // namespace cambium::op_batch_norm_apply
