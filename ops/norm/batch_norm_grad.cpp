// batch_norm_grad: from dy, x, gamma, mean, var (and y behind relu) to dx, dgamma, dbeta. With
// h = (x - mean) * rstd, rstd = 1 / sqrt(var + eps), and dy zero where relu's result y is:
//   dgamma = sum of dy * h, dbeta = sum of dy, over the rows
//   dx = gamma * rstd * (dy - dbeta / rows - h * dgamma / rows)
// With a mask [rows of x] of what was counted in the statistics, as batch_norm takes it, `rows` is
// the count of real rows, and a row of padding gets dx = gamma * rstd * dy: mean and var do not
// depend on it. With `blocked`, dy, x, y and dx are images in blocks of 16 channels.
#include <cmath>

#include "ops/norm/support/batch_norm.h"
#include "ops/support/nan.h"
#include "ops/support/reach.h"

namespace cambium::op_batch_norm_grad {
namespace {
constexpr int kY = 5, kMask = 6;

std::vector<ValueType> shape(const Call& c) {
  require_batch_norm_inputs(c, 1, std::array{2, 3, 4});
  require(c.shape(0) == c.shape(1), "dy is ", c.shape(0), ", x ", c.shape(1));
  const bool relu = c.as<BatchNormAttrs>().activation == "relu";
  require(c.has(kY) == relu, "y is needed after relu and only then");
  require(!relu || c.shape(kY) == c.shape(1), "y is not like x ", c.shape(1));
  require_row_mask(c, 1, kMask);
  return {{c.as<BatchNormAttrs>().dtype(), c.shape(1)}, c.in[2].type(), c.in[2].type()};
}

void plain_reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t n = c.shape(2)[0], rows = n == 0 ? 0 : c.shape(1).count() / n;
  const double* mask = c.has(kMask) ? in[kMask].data.data() : nullptr;
  const double counted = double(count_real(mask, 0, rows));
  for (int64_t j = 0; j < n; ++j) {
    const double rstd = 1 / std::sqrt(in[4][j] + c.as<BatchNormAttrs>().eps);
    const auto normal = [&](int64_t i) { return (in[1][i] - in[3][j]) * rstd; };
    const auto dy = [&](int64_t i) {
      if (!c.has(kY)) return in[0][i];
      const double y = in[kY][i];
      return unless_nan(y, y > 0 ? in[0][i] : 0);
    };
    for (int64_t i = j; i < rows * n; i += n) {
      out[1][j] += dy(i) * normal(i);
      out[2][j] += dy(i);
    }
    for (int64_t i = j; i < rows * n; i += n) {
      const double by_statistics =
          is_real(mask, i / n) ? (out[2][j] + normal(i) * out[1][j]) / counted : 0;
      out[0][i] = in[2][j] * rstd * (dy(i) - by_statistics);
    }
  }
  if (c.as<BatchNormAttrs>().dtype() == DType::kBf16) round_to_bf16(out[0]);
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  normalise_in_plain_layout(c, in, out, plain_reference);
}

// Column sums of dy * (x - mean) and of dy over a block: sums [2, n].
template <class D, class X>
CAMBIUM_SIMD void block_sums(const D* dy, const X* x, const float* mean, int64_t rows, int64_t n,
                             float* sums) {
  const ColumnInput<D> d{dy, n};
  column_sums(
      rows, n, sums,
      [](auto& acc, const auto& dy, const auto& x, const auto& m) { acc += dy * (x - m); }, d,
      ColumnInput<X>{x, n}, ColumnInput<float>{mean, 0});
  column_sums(
      rows, n, sums + n, [](auto& acc, const auto& dy) { acc += dy; }, d);
}

// The same where y > 0; NaN where y is NaN.
template <class D, class X, class Y>
CAMBIUM_SIMD void block_sums_relu(const D* dy, const X* x, const Y* y, const float* mean,
                                  int64_t rows, int64_t n, float* sums) {
  const ColumnInput<D> d{dy, n};
  const ColumnInput<Y> result{y, n};
  column_sums(
      rows, n, sums,
      [](auto& acc, const auto& dy, const auto& x, const auto& m, const auto& y) {
        std::remove_reference_t<decltype(acc)> zero;
        nan_alone(y, zero);
        acc += y > 0 ? dy * (x - m) : zero;
      },
      d, ColumnInput<X>{x, n}, ColumnInput<float>{mean, 0}, result);
  column_sums(
      rows, n, sums + n,
      [](auto& acc, const auto& dy, const auto& y) {
        std::remove_reference_t<decltype(acc)> zero;
        nan_alone(y, zero);
        acc += y > 0 ? dy : zero;
      },
      d, result);
}

// dx = a * dy + b * (x - mean) + e with parameters that repeat every `period`; dy counts where y >
// 0, everywhere without relu. With a mask a period is a row, and a row of padding is a * dy.
template <bool kRelu, class D, class X, class Y, class R>
CAMBIUM_SIMD void dx_range(const D* dy, const X* x, const Y* y, R* dx, int64_t n, const float* p,
                           int64_t period, const float* mask) {
  const float *a = p, *b = p + period, *e = p + 2 * period, *mean = p + 3 * period;
  for (int64_t i = 0; i < n; i += period) {
    const bool real = is_real(mask, i / period);
    const int64_t end = n - i < period ? n - i : period;
#pragma GCC ivdep
    for (int64_t j = 0; j < end; ++j) {
      const float result = kRelu ? wide(y[i + j]) : 1;
      const float d = unless_nan(result, result > 0 ? wide(dy[i + j]) : 0);
      put(dx[i + j], a[j] * d + (real ? b[j] * (wide(x[i + j]) - mean[j]) + e[j] : 0));
    }
  }
}

struct GradSizes {
  RowBlocks blocks;
  int64_t period;

  int64_t all() const { return blocks.runs.groups * period; }  // numbers of one parameter
};

// Fills the parameters of dx_range, [group][4][period], and writes dgamma and dbeta from the sums
// [group][blocks of a group][2][n], of which the first block holds the total.
void finish_sums(const KernelArgs& k, const GradSizes& s, double eps, const float* sums,
                 const float* mask, float* p) {
  const ChannelRuns& v = s.blocks.runs;
  const double rows =
      double(std::max<int64_t>(1, mask ? count_real(mask, 0, v.rows) : v.pictures * v.rows));
  const bool empty = v.pictures * v.rows == 0;  // then zero times what is NaN is not asked
  for (int64_t channel = 0; channel < v.channels(); ++channel) {
    const int64_t j = channel % v.n, group = channel / v.n;
    const float* total = sums + group * std::max<int64_t>(1, s.blocks.of_a_group()) * 2 * v.n;
    const double rstd = empty ? 0 : 1 / std::sqrt(double(k.f32(4)[channel]) + eps);
    const double dgamma = double(total[j]) * rstd, dbeta = total[v.n + j];
    const double a = k.f32(2)[channel] * rstd;
    k.out_f32(1)[channel] = float(dgamma);
    k.out_f32(2)[channel] = float(dbeta);
    const float values[4] = {float(a), float(-a * rstd * dgamma / rows), float(-a * dbeta / rows),
                             k.f32(3)[channel]};
    for (int q = 0; q < 4; ++q)
      for (int64_t i = j; i < s.period; i += v.n) p[(group * 4 + q) * s.period + i] = values[q];
  }
}

struct GradTypes {
  DType dy, x, y, dx;
};

void add_blocks(const KernelArgs& k, const GradSizes& s, const GradTypes& t, bool relu,
                float* sums) {
  const RowBlocks& blocks = s.blocks;
  const int64_t n = blocks.runs.n, each = blocks.of_a_group();
  parallel_for(blocks.count(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const int64_t at = blocks.first_element(b), rows = blocks.rows(b);
      const float* mean = k.f32(3) + blocks.group(b) * n;
      float* to = sums + 2 * b * n;
      with_elements(t.dy, k.in[0], at, [&](const auto* dy) {
        with_elements(t.x, k.in[1], at, [&](const auto* x) {
          if (!relu) return block_sums(dy, x, mean, rows, n, to);
          with_elements(t.y, k.in[kY], at,
                        [&](const auto* y) { block_sums_relu(dy, x, y, mean, rows, n, to); });
        });
      });
    }
  });
  if (each == 0) std::fill_n(sums, 2 * blocks.runs.channels(), 0.0f);
  for (int64_t group = 0; group < blocks.runs.groups; ++group)
    fold_tree<SumFold>(sums + group * each * 2 * n, each, 2 * n);
}

void write_dx(const KernelArgs& k, const GradSizes& s, const GradTypes& t, bool relu,
              const float* mask, const float* parameters) {
  const ChannelRuns& v = s.blocks.runs;
  for_each_period(v, s.period, [&](int64_t at, int64_t count, int64_t group) {
    const float* real = mask ? mask + at / v.n : nullptr;
    const float* p = parameters + group * 4 * s.period;
    with_elements(t.dy, k.in[0], at, [&](const auto* dy) {
      with_elements(t.x, k.in[1], at, [&](const auto* x) {
        with_elements(t.dx, k.out[0], at, [&](auto* dx) {
          if (!relu) return dx_range<false>(dy, x, x, dx, count, p, s.period, real);
          with_elements(t.y, k.in[kY], at, [&](const auto* y) {
            dx_range<true>(dy, x, y, dx, count, p, s.period, real);
          });
        });
      });
    });
  });
}

Kernel kernel(const Call& c, Engine&) {
  const RowBlocks blocks(ChannelRuns(c, 1));
  const bool masked = c.has(kMask), relu = c.has(kY);
  const int64_t n = blocks.runs.n, repeats = masked ? 1 : parameter_repeats(n);
  const GradSizes s{blocks, repeats * n};
  const GradTypes types{c.dtype(0), c.dtype(1), relu ? c.dtype(kY) : DType::kF32,
                        c.as<BatchNormAttrs>().dtype()};
  Scratch scratch;
  const int64_t groups = blocks.runs.groups;
  const int64_t sums_at =
      scratch.add_f32(groups * std::max<int64_t>(1, blocks.of_a_group()) * 2 * n);
  const int64_t parameters_at = scratch.add_f32(4 * s.all());
  const auto run = [=, eps = c.as<BatchNormAttrs>().eps](const KernelArgs& k) {
    auto* sums = reinterpret_cast<float*>(k.scratch + sums_at);
    auto* p = reinterpret_cast<float*>(k.scratch + parameters_at);
    add_blocks(k, s, types, relu, sums);
    const float* mask = masked ? k.f32(kMask) : nullptr;
    finish_sums(k, s, eps, sums, mask, p);
    write_dx(k, s, types, relu, mask, p);
  };
  return {.run = run, .scratch_bytes = scratch.bytes};
}
}  // namespace

extern const Op op_batch_norm_grad = {
    .name = "batch_norm_grad",
    .doc = "gradients of batch_norm from dy, x, gamma, mean, var and, after relu, y",
    .min_inputs = 5,
    .max_inputs = 7,
    .attrs = fields_of<BatchNormAttrs>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<12>,
    .reach = reach_all,
    .bf16 = norm_in_bf16<0, 1, 5>,
    .blocked = norm_in_blocks<6, 0, 1, 5>,
    .in_place = norm_in_place,
    .not_onnx = kOnnxGradient,
    .tolerance = 5e-5,  // sums over rows
    .samples =
        {{{Shape{6, 5}, Shape{6, 5}, Shape{5}, Shape{5}, {Shape{5}, 0.5, 2}}},
         {{Shape{2, 3, 4, 7},
           Shape{2, 3, 4, 7},
           Shape{7},
           Shape{7},
           {Shape{7}, 0.5, 2},
           Shape{2, 3, 4, 7}},
          {{"activation", "relu"}}},
         {{Shape{900, 33}, Shape{900, 33}, Shape{33}, Shape{33}, {Shape{33}, 0.5, 2}}},
         {{Shape{3000, 16},
           Shape{3000, 16},
           Shape{16},
           Shape{16},
           {Shape{16}, 0.5, 2},
           Shape{3000, 16}},
          {{"activation", "relu"}}},
         {{SampleInput(DType::kBf16, {3000, 16}, -2, 2),
           SampleInput(DType::kBf16, {3000, 16}, -2, 2),
           Shape{16},
           Shape{16},
           {Shape{16}, 0.5, 2},
           SampleInput(DType::kBf16, {3000, 16}, -2, 2)},
          {{"activation", "relu"}, {"to", "bf16"}}},
         {{Shape{900, 33},
           SampleInput(DType::kBf16, {900, 33}, -2, 2),
           Shape{33},
           Shape{33},
           {Shape{33}, 0.5, 2}},
          {{"to", "bf16"}}},
         {{Shape{5, 300}, Shape{5, 300}, Shape{300}, Shape{300}, {Shape{300}, 0.5, 2}}},
         // With a mask of which about half, all or nothing is real.
         {{Shape{900, 33},
           Shape{900, 33},
           Shape{33},
           Shape{33},
           {Shape{33}, 0.5, 2},
           SampleInput::none(),
           {Shape{900}, 0, 1}}},
         {{SampleInput(DType::kBf16, {3000, 16}, -2, 2),
           SampleInput(DType::kBf16, {3000, 16}, -2, 2),
           Shape{16},
           Shape{16},
           {Shape{16}, 0.5, 2},
           SampleInput(DType::kBf16, {3000, 16}, -2, 2),
           {Shape{3000}, 0, 1}},
          {{"activation", "relu"}, {"to", "bf16"}}},
         {{Shape{2, 3, 5},
           Shape{2, 3, 5},
           Shape{5},
           Shape{5},
           {Shape{5}, 0.5, 2},
           SampleInput::none(),
           {Shape{6}, 0.6, 1}}},
         {{Shape{6, 5},
           Shape{6, 5},
           Shape{5},
           Shape{5},
           {Shape{5}, 0.5, 2},
           SampleInput::none(),
           {Shape{6}, 0, 0.4}}},
         {{Shape{3, 2, 7, 9, 16}, Shape{3, 2, 7, 9, 16}, Shape{32}, Shape{32}, {Shape{32}, 0.5, 2}},
          {{"blocked", true}}},
         {{Shape{2, 3, 33, 40, 16},
           SampleInput(DType::kBf16, {2, 3, 33, 40, 16}, -2, 2),
           Shape{48},
           Shape{48},
           {Shape{48}, 0.5, 2},
           Shape{2, 3, 33, 40, 16}},
          {{"blocked", true}, {"activation", "relu"}, {"to", "bf16"}}},
         {{Shape{0, 3}, Shape{0, 3}, Shape{3}, Shape{3}, {Shape{3}, 0.5, 2}}}},
};
}  // namespace cambium::op_batch_norm_grad
