// ctc_grad: from logits, target, lse, scored, dloss and, where ctc had one, the mask, to
//   dlogits_t(v) = w (softmax(logits_t)(v) - sum over states s that say v of gamma_t(s))
//                  * dloss / scored on scored rows, 0 on the others;
//   gamma_t(s) = alpha_t(s) beta_t(s) / sum over s of the same: how probable it is that the path of
//   the target stands in state s at frame t. Graves et al. 2006, eq. 15 and 16.
#include <cmath>

#include "ops/loss/support/ctc.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_ctc_grad {
namespace {
constexpr int kMask = 5;

std::vector<ValueType> shape(const Call& c) {
  require_ctc(c, c.as<CtcAttrs>().blank, kMask);
  const Shape rows{c.shape(0)[0], c.shape(0)[1]};
  require(c.shape(2) == rows, "lse is ", c.shape(2), ", logits need ", rows);
  require(c.shape(3).rank() == 0 && c.shape(4).rank() == 0, "scored and dloss are not scalars");
  return {{DType::kF32, c.shape(0)}};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& a = c.as<CtcAttrs>();
  const int64_t B = c.shape(0)[0], T = c.shape(0)[1], V = c.shape(0)[2], S = c.shape(1)[1];
  const CtcFrames frames(c, kMask);
  for (int64_t b = 0; b < B; ++b) {
    const int64_t real = frames.of(frames.masked() ? in[kMask].data.data() : nullptr, b);
    const double* target = in[1].data.data() + b * S;
    const int64_t n = symbol_count(target, S);
    if (!can_align(target, n, real, V, a.blank)) continue;
    const std::vector<int64_t> symbols(target, target + n);
    std::vector<double> log_p(size_t(real * V));
    for (int64_t i = 0; i < real * V; ++i)
      log_p[size_t(i)] = in[0][b * T * V + i] - in[2][b * T + i / V];
    const CtcPosterior posterior = ctc_posterior(log_p, real, V, symbols, a.blank);
    const double factor = a.weight(n) * in[4][0] / in[3][0];
    for (int64_t i = 0; i < real * V; ++i)
      out[0][b * T * V + i] =
          factor * (std::exp(log_p[size_t(i)]) - posterior.occupancy[size_t(i)]);
  }
}

CAMBIUM_SIMD void scaled_softmax(const float* x, float lse, float factor, float* y, int64_t n) {
#pragma GCC ivdep
  for (int64_t v = 0; v < n; ++v) y[v] = factor * simd_exp(x[v] - lse);
}

Kernel kernel(const Call& c, Engine&) {
  const CtcAttrs a = c.as<CtcAttrs>();
  const int64_t T = c.shape(0)[1], V = c.shape(0)[2], S = c.shape(1)[1];
  const CtcChunks chunks(c.shape(0)[0]);
  const CtcFrames frames(c, kMask);
  const int64_t floats = CtcLattice::floats(T, S, true);
  return {.run =
              [=](const KernelArgs& k) {
                const float scored = k.f32(3)[0], share = scored == 0 ? 0 : k.f32(4)[0] / scored;
                auto* lattices = reinterpret_cast<float*>(k.scratch);
                chunks.run([&](int64_t chunk, int64_t b) {
                  const float *x = k.f32(0) + b * T * V, *lse = k.f32(2) + b * T;
                  const int32_t* target = k.i32(1) + b * S;
                  float* dx = k.out_f32() + b * T * V;
                  const int64_t n = symbol_count(target, S);
                  int64_t real = frames.of(frames.masked() ? k.f32(kMask) : nullptr, b);
                  if (!can_align(target, n, real, V, a.blank)) real = 0;
                  std::fill_n(dx + real * V, (T - real) * V, 0.0f);
                  if (real == 0) return;
                  CtcLattice lattice(lattices + chunk * floats, target, n, a.blank, S);
                  const double likelihood = lattice.forward(x, lse, real, V, true);
                  const float factor = share * float(a.weight(n));
                  for (int64_t t = 0; t < real; ++t)
                    scaled_softmax(x + t * V, lse[t], factor, dx + t * V, V);
                  // NaN when no path is possible, or one lse is NaN.
                  lattice.subtract_occupancy(x, factor + 0 * float(likelihood), dx, real, V);
                });
              },
          .scratch_bytes = chunks.chunks * floats * int64_t(sizeof(float))};
}

Cost cost(const Call& c) {
  Cost cost = operand_cost(c, 0);
  const auto steps = double(c.shape(1)[0] * c.shape(0)[1] * (2 * c.shape(1)[1] + 1));
  cost.flops = 4.0 * double(c.shape(0).count()) + 30 * steps;
  return cost;
}

std::vector<Sample> samples() {
  const SampleInput scored{Shape{}, 2, 3}, dloss{Shape{}};
  const auto sample = [&](Shape x, SampleInput target, Args args) {
    const Shape rows{x[0], x[1]};
    // About log V + the mean of what the logits spread.
    return Sample{{{x, -2, 2}, target, {rows, 1.5, 2.5}, scored, dloss}, std::move(args)};
  };
  const auto masked = [&](Shape x, SampleInput target, SampleInput mask) {
    Sample out = sample(x, target, {});
    out.inputs.push_back(mask);
    return out;
  };
  return {sample({3, 9, 5}, {DType::kI32, Shape{3, 4}, 1, 5}, {}),
          sample({20, 31, 7}, {DType::kI32, Shape{20, 9}, -1, 7}, {{"blank", 6}}),
          sample({2, 300, 40}, {DType::kI32, Shape{2, 37}, 1, 40}, {{"per", "example"}}),
          sample({4, 3, 2}, {DType::kI32, Shape{4, 1}, 0, 2}, {{"blank", 1}}),
          sample({2, 4, 3}, {DType::kI32, Shape{2, 0}}, {}),
          sample({0, 4, 3}, {DType::kI32, Shape{0, 2}, 1, 3}, {}),
          masked({20, 8, 5}, {DType::kI32, Shape{20, 2}, -1, 5}, {Shape{20, 8}, -0.3, 1}),
          masked({9, 5, 3}, {DType::kI32, Shape{9, 1}, 1, 3}, {Shape{9, 13}, -0.1, 1})};
}
}  // namespace

extern const Op op_ctc_grad = {
    .name = "ctc_grad",
    .doc = "gradient of ctc from logits, target, lse, scored, dloss and the mask, if any",
    .min_inputs = 5,
    .max_inputs = 6,
    .attrs = fields_of<CtcAttrs>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .not_onnx = kOnnxLoss,
    .samples = samples(),
};
}  // namespace cambium::op_ctc_grad
