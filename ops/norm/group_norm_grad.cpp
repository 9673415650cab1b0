// group_norm_grad: from dy, x, mean, rstd, gamma to dx, dgamma, dbeta. With h = (x - mean) rstd and
// g = dy gamma:
//   dx = rstd (g - avg(g) - h avg(g h)), averages over the group;  dgamma = sum of dy h, dbeta =
//   sum of dy over examples and places
// Sums over an example's places by channel come first; both averages and both gradients follow from
// them. Examples are folded pairwise, so the bits do not depend on the number of threads.
#include "ops/norm/support/norm.h"
#include "ops/support/lanes.h"
#include "ops/support/reach.h"

namespace cambium::op_group_norm_grad {
namespace {
std::vector<ValueType> shape(const Call& c) {
  require_norm_inputs(c, 1, std::array{4});
  require_f32(c, 0);
  require(c.shape(0) == c.shape(1), "dy is ", c.shape(0), ", x ", c.shape(1));
  const Shape& x = c.shape(1);
  require(x.rank() >= 2 && c.shape(2).rank() == 2 && c.shape(2)[0] == x[0] && c.shape(2)[1] > 0 &&
              x.last() % c.shape(2)[1] == 0 && c.shape(3) == c.shape(2),
          "mean ", c.shape(2), " and rstd ", c.shape(3), " are no statistics of groups of ", x);
  return {c.in[1].type(), c.in[4].type(), c.in[4].type()};
}

int64_t places(const Shape& x) {
  return x.count_between(1, x.rank() - 1);
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t groups = c.shape(2)[1], n = c.shape(1).last(), p = places(c.shape(1));
  const int64_t width = n / groups;
  for (int64_t s = 0; s < c.shape(1)[0] * groups; ++s) {
    const int64_t first = s / groups * p * n + s % groups * width;
    const auto each = [&](const auto& f) {
      for (int64_t k = 0; k < p * width; ++k) {
        const int64_t i = first + k / width * n + k % width;
        f(i, i % n, (in[1][i] - in[2][s]) * in[3][s]);
      }
    };
    double average = 0, along = 0;
    each([&](int64_t i, int64_t j, double h) {
      average += in[0][i] * in[4][j] / double(p * width);
      along += in[0][i] * in[4][j] * h / double(p * width);
      out[1][j] += in[0][i] * h;
      out[2][j] += in[0][i];
    });
    each([&](int64_t i, int64_t j, double h) {
      out[0][i] = in[3][s] * (in[0][i] * in[4][j] - average - h * along);
    });
  }
}

struct Example {
  const float *dy, *x, *mean, *rstd, *gamma;
  float* dx;
  float* sums;  // [2, n]: dgamma and dbeta of this example
  float* work;  // [4, n]
};

CAMBIUM_SIMD void group_norm_grad_example(const Example& e, int64_t p, int64_t n, int64_t groups) {
  const int64_t width = n / groups;
  const float inverse = p * width > 0 ? 1 / float(p * width) : 0;
  float *m = e.work, *s = m + n, *shift = s + n, *slope = shift + n;
  for (int64_t j = 0; j < n; ++j) {
    m[j] = e.mean[j / width];
    s[j] = e.rstd[j / width];
  }
  const ColumnInput<float> dy{e.dy, n}, x{e.x, n}, means{m, 0}, scales{s, 0};
  column_sums(
      p, n, e.sums,
      [](auto& acc, const auto& d, const auto& v, const auto& u, const auto& k) {
        acc += d * ((v - u) * k);
      },
      dy, x, means, scales);
  column_sums(
      p, n, e.sums + n, [](auto& acc, const auto& d) { acc += d; }, dy);
  for (int64_t c = 0; c < n; c += width) {
    float average = 0, along = 0;
    for (int64_t k = c; k < c + width; ++k) {
      average += e.gamma[k] * e.sums[n + k];
      along += e.gamma[k] * e.sums[k];
    }
    std::fill_n(shift + c, width, s[c] * average * inverse);
    std::fill_n(slope + c, width, s[c] * s[c] * along * inverse);
  }
  for (int64_t j = 0; j < n; ++j) s[j] *= e.gamma[j];
  for (int64_t r = 0; r < p; ++r)
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j)
      e.dx[r * n + j] = e.dy[r * n + j] * s[j] - shift[j] - (e.x[r * n + j] - m[j]) * slope[j];
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t batch = c.shape(1)[0], n = c.shape(1).last(), p = places(c.shape(1));
  const int64_t groups = c.shape(2)[1];
  return {.run =
              [=](const KernelArgs& k) {
                auto* sums = reinterpret_cast<float*>(k.scratch);
                float* work = sums + std::max<int64_t>(batch, 1) * 2 * n;
                if (batch == 0) std::fill_n(sums, 2 * n, 0.0f);
                parallel_for(batch, kPointwiseGrain / (p * n + 1) + 1,
                             [&](int64_t begin, int64_t end) {
                               for (int64_t b = begin; b < end; ++b)
                                 group_norm_grad_example(
                                     {k.f32(0) + b * p * n, k.f32(1) + b * p * n,
                                      k.f32(2) + b * groups, k.f32(3) + b * groups, k.f32(4),
                                      k.out_f32() + b * p * n, sums + b * 2 * n, work + b * 4 * n},
                                     p, n, groups);
                             });
                fold_tree<SumFold>(sums, batch, 2 * n);
                std::copy_n(sums, n, k.out_f32(1));
                std::copy_n(sums + n, n, k.out_f32(2));
              },
          .scratch_bytes = std::max<int64_t>(batch, 1) * 6 * n * int64_t(sizeof(float))};
}
}  // namespace

extern const Op op_group_norm_grad = {
    .name = "group_norm_grad",
    .doc = "gradients of group_norm from dy, x, mean, rstd and gamma",
    .min_inputs = 5,
    .max_inputs = 5,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<16>,
    .reach = reach_all,
    .in_place = first_in_place,
    .not_onnx = kOnnxGradient,
    .tolerance = 5e-5,  // sums over places and examples
    .samples = {{{Shape{2, 3, 2, 6}, Shape{2, 3, 2, 6}, Shape{2, 2}, Shape{2, 2}, Shape{6}}},
                {{Shape{3, 40, 33}, Shape{3, 40, 33}, Shape{3, 33}, Shape{3, 33}, Shape{33}}},
                {{Shape{5, 8}, Shape{5, 8}, Shape{5, 2}, Shape{5, 2}, Shape{8}}},
                {{Shape{2, 0, 3}, Shape{2, 0, 3}, Shape{2, 1}, Shape{2, 1}, Shape{3}}},
                {{Shape{0, 4, 3}, Shape{0, 4, 3}, Shape{0, 1}, Shape{0, 1}, Shape{3}}}},
};
}  // namespace cambium::op_group_norm_grad
