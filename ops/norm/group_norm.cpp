// group_norm: y = (x - mean) rstd gamma + beta; mean and variance of each example over all its
// places and the channels of one group. Wu and He 2018, arXiv 1803.08494. As many groups as
// channels is instance norm (Ulyanov et al. 2016, arXiv 1607.08022).
//   x, y: [B, ..., C]   gamma, beta: [C]   mean, rstd = 1 / sqrt(variance + eps): [B, groups]
// The variance is that of the centred values (a second pass over the example).
#include <cmath>

#include "ops/norm/support/norm.h"
#include "ops/support/lanes.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"

namespace cambium::op_group_norm {
namespace {
struct GroupNorm {
  int64_t groups = 1;
  double eps = 1e-5;
  static constexpr auto fields =
      std::tuple{field("groups", &GroupNorm::groups, "groups of channels; divides C").in(1),
                 field("eps", &GroupNorm::eps, "added to the variance").in(0)};
};

std::vector<ValueType> shape(const Call& c) {
  require_norm_inputs(c, 0, std::array{1, 2});
  require(c.shape(0).rank() >= 2, "x is [B,...,C], got ", c.shape(0));
  const int64_t groups = c.as<GroupNorm>().groups;
  require(c.shape(0).last() % groups == 0, "groups = ", groups,
          " does not divide C = ", c.shape(0).last());
  const ValueType statistic{DType::kF32, Shape{c.shape(0)[0], groups}};
  return {{DType::kF32, c.shape(0)}, statistic, statistic};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const Value dx =
      dy[0].graph->emit("group_norm_grad", {dy[0], c.in[0], c.out[1], c.out[2], c.in[1]});
  return {dx, dx.nth(1), dx.nth(2)};
}

// Places of an example.
int64_t places(const Shape& x) {
  return x.count_between(1, x.rank() - 1);
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& a = c.as<GroupNorm>();
  const int64_t n = c.shape(0).last(), p = places(c.shape(0)), width = n / a.groups;
  const auto count = double(p * width);
  for (int64_t s = 0; s < c.shape(0)[0] * a.groups; ++s) {
    const int64_t first = s / a.groups * p * n + s % a.groups * width;  // of the group's values
    const auto each = [&](const auto& f) {
      for (int64_t k = 0; k < p * width; ++k) f(first + k / width * n + k % width);
    };
    double mean = 0, variance = 0;
    each([&](int64_t i) { mean += in[0][i] / count; });
    each([&](int64_t i) { variance += std::pow(in[0][i] - mean, 2) / count; });
    const double rstd = 1 / std::sqrt(variance + a.eps);
    each([&](int64_t i) { out[0][i] = (in[0][i] - mean) * rstd * in[1][i % n] + in[2][i % n]; });
    out[1][s] = mean;
    out[2][s] = rstd;
  }
}

// values[c] = scale * the sum of values over the group of c.
[[gnu::always_inline]] inline void spread_group_sums(float* values, int64_t n, int64_t width,
                                                     float scale) {
  for (int64_t c = 0; c < n; c += width) {
    float sum = 0;
    for (int64_t k = c; k < c + width; ++k) sum += values[k];
    std::fill_n(values + c, width, sum * scale);
  }
}

// One example [p, n]; `work` [2, n].
CAMBIUM_SIMD void group_norm_example(const float* x, const float* gamma, const float* beta,
                                     float* y, float* mean, float* rstd, float* work, int64_t p,
                                     int64_t n, int64_t groups, float eps) {
  const int64_t width = n / groups;
  const float inverse = p * width > 0 ? 1 / float(p * width) : 0;
  float *m = work, *s = work + n;
  const ColumnInput<float> in{x, n};
  column_sums(
      p, n, m, [](auto& acc, const auto& v) { acc += v; }, in);
  spread_group_sums(m, n, width, inverse);
  column_sums(
      p, n, s, [](auto& acc, const auto& v, const auto& u) { acc += (v - u) * (v - u); }, in,
      ColumnInput<float>{m, 0});
  spread_group_sums(s, n, width, inverse);
  for (int64_t g = 0; g < groups; ++g) {
    mean[g] = width > 0 ? m[g * width] : 0;
    rstd[g] = inverse_root(width > 0 ? s[g * width] : 0, eps);
  }
  for (int64_t j = 0; j < n; ++j) s[j] = rstd[j / width] * gamma[j];
  for (int64_t r = 0; r < p; ++r, x += n, y += n)
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) y[j] = (x[j] - m[j]) * s[j] + beta[j];
}

Kernel kernel(const Call& c, Engine&) {
  const auto a = c.as<GroupNorm>();
  const int64_t batch = c.shape(0)[0], n = c.shape(0).last(), p = places(c.shape(0));
  return {.run =
              [=](const KernelArgs& k) {
                auto* work = reinterpret_cast<float*>(k.scratch);
                parallel_for(
                    batch, kPointwiseGrain / (p * n + 1) + 1, [&](int64_t begin, int64_t end) {
                      for (int64_t b = begin; b < end; ++b)
                        group_norm_example(k.f32(0) + b * p * n, k.f32(1), k.f32(2),
                                           k.out_f32() + b * p * n, k.out_f32(1) + b * a.groups,
                                           k.out_f32(2) + b * a.groups, work + b * 2 * n, p, n,
                                           a.groups, float(a.eps));
                    });
              },
          .scratch_bytes = batch * 2 * n * int64_t(sizeof(float))};
}

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  if (c.shape(0).count() == 0) return;
  Reach examples = reduced(in[0], axes_after(c.shape(0), 1), {c.shape(0)[0], 1});  // of all groups
  join_whole(examples, whole_from(in, 1));
  Shape one = c.shape(0);
  for (int i = 1; i < one.rank(); ++i) one.set(i, 1);
  out[0] = spread(reshaped(examples, one), c.shape(0));
  out[1] = out[2] = spread(examples, out[1].shape);
}
}  // namespace

extern const Op op_group_norm = {
    .name = "group_norm",
    .doc = "groups of channels of mean 0 and variance 1 in each example, then scaled and shifted",
    .min_inputs = 3,
    .max_inputs = 3,
    .attrs = fields_of<GroupNorm>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<8>,
    .reach = reach,
    .cheap = true,
    .onnx = onnx_group_norm,
    .tolerance = 1e-5,
    .samples = {{{Shape{2, 3, 2, 6}, Shape{6}, Shape{6}}, {{"groups", 2}}},
                {{{Shape{3, 40, 33}, 3, 4}, Shape{33}, Shape{33}}, {{"groups", 33}}},
                {{Shape{2, 500, 64}, Shape{64}, Shape{64}}, {{"groups", 4}, {"eps", 1e-3}}},
                {{Shape{5, 8}, Shape{8}, Shape{8}}, {{"groups", 2}}},
                {{Shape{1, 4, 3}, Shape{3}, Shape{3}}},
                {{Shape{2, 0, 3}, Shape{3}, Shape{3}}},
                {{Shape{0, 4, 3}, Shape{3}, Shape{3}}}},
};
}  // namespace cambium::op_group_norm
