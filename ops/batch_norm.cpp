// batch_norm: y = act((x - mean) / sqrt(var + eps) * gamma + beta + residual), mean and biased
// variance over all axes but the last. Ioffe and Szegedy 2015, arXiv 1502.03167.
//   x, y: [..., C]   gamma, beta, mean, var: [C]   residual: [..., C] or left out
// One pass over memory gives both statistics: each block of rows is centred while it is in cache,
// and the blocks are merged in order (Chan, Golub and LeVeque 1979).
#include "ops/support/batch_norm.h"

#include <cmath>

namespace cambium {
namespace {
constexpr int kResidual = 3;

std::vector<ValueType> shape(const Call& c) {
  require_batch_norm_inputs(c, 0, std::array{1, 2});
  require_residual(c, kResidual);
  return {{c.as<BatchNormAttrs>().dtype(), c.shape(0)}, c.in[1].type(), c.in[1].type()};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const bool relu = c.as<BatchNormAttrs>().activation == "relu";
  Graph& g = *dy[0].graph;
  const Value y = relu ? c.out[0] : Value{};
  const Value dx =
      g.emit("batch_norm_grad", {dy[0], c.in[0], c.in[1], c.out[1], c.out[2], y}, c.attrs);
  std::vector<Value> din = {dx, dx.nth(1), dx.nth(2)};
  if (c.has(kResidual)) din.push_back(relu ? g.emit("relu_grad", {y, dy[0]}) : dy[0]);
  return din;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t rows = c.shape(0).rows(), n = c.shape(0).last();
  const auto& a = c.as<BatchNormAttrs>();
  for (int64_t j = 0; j < n; ++j) {
    double mean = 0, variance = 0;
    for (int64_t r = 0; r < rows; ++r) mean += in[0][r * n + j] / double(rows);
    for (int64_t r = 0; r < rows; ++r)
      variance += std::pow(in[0][r * n + j] - mean, 2) / double(rows);
    for (int64_t r = 0; r < rows; ++r) {
      const double z = (in[0][r * n + j] - mean) / std::sqrt(variance + a.eps) * in[1][j] +
                       in[2][j] + (c.has(kResidual) ? in[kResidual][r * n + j] : 0);
      out[0][r * n + j] = a.activation == "relu" ? std::max(z, 0.0) : z;
    }
    out[1][j] = mean;
    out[2][j] = variance;
  }
  if (a.dtype() == DType::kBf16) round_to_bf16(out[0]);
}

// Sum and sum of squared distances to the block's mean, for each column of a block: stats [2, n].
template <class X>
CAMBIUM_SIMD void block_statistics(const X* x, int64_t rows, int64_t n, float* stats) {
  const ColumnInput<X> in{x, n};
  column_sums(
      rows, n, stats, [](auto& acc, const auto& v) { acc += v; }, in);
  const float inverse = 1 / float(rows);
  for (int64_t j = 0; j < n; ++j) stats[j] *= inverse;
  column_sums(
      rows, n, stats + n, [](auto& acc, const auto& v, const auto& m) { acc += (v - m) * (v - m); },
      in, ColumnInput<float>{stats, 0});
}

// Merges the blocks' means and squared distances in order.
void merge_statistics(const float* stats, int64_t rows, int64_t n, float* mean, float* variance) {
  const int64_t block = batch_norm_block_rows(n), blocks = (rows + block - 1) / block;
  for (int64_t j = 0; j < n; ++j) {
    double count = 0, m = 0, squares = 0;
    for (int64_t b = 0; b < blocks; ++b) {
      const auto here = double(std::min(block, rows - b * block));
      const double delta = double(stats[2 * b * n + j]) - m, total = count + here;
      squares += double(stats[(2 * b + 1) * n + j]) + delta * delta * count * here / total;
      m += delta * here / total;
      count = total;
    }
    mean[j] = float(m);
    variance[j] = rows > 0 ? float(squares / double(rows)) : 0;
  }
}

struct Parameters {  // of a channel, repeated over a period
  float *mean, *scale, *beta;
};

void repeat_parameters(const KernelArgs& k, int64_t n, int64_t repeats, double eps, Parameters p) {
  const float *mean = k.out_f32(1), *variance = k.out_f32(2);
  repeat_parameter(p.mean, n, repeats, [&](int64_t j) { return mean[j]; });
  repeat_parameter(p.scale, n, repeats, [&](int64_t j) {
    return float(k.f32(1)[j] / std::sqrt(double(variance[j]) + eps));
  });
  repeat_parameter(p.beta, n, repeats, [&](int64_t j) { return k.f32(2)[j]; });
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t rows = c.shape(0).rows(), n = c.shape(0).last();
  const int64_t block = batch_norm_block_rows(n), blocks = (rows + block - 1) / block;
  const int64_t repeats = parameter_repeats(n), period = repeats * n;
  Scratch scratch;
  const int64_t stats_at = scratch.add_f32(blocks * 2 * n);
  const int64_t parameters_at = scratch.add_f32(3 * period);
  const NormTransform transform(c, period, kResidual);
  const auto run = [=, eps = c.as<BatchNormAttrs>().eps](const KernelArgs& k) {
    auto* stats = reinterpret_cast<float*>(k.scratch + stats_at);
    parallel_for(blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b)
        with_elements(transform.from, k.in[0], b * block * n, [&](const auto* x) {
          block_statistics(x, std::min(block, rows - b * block), n, stats + 2 * b * n);
        });
    });
    merge_statistics(stats, rows, n, k.out_f32(1), k.out_f32(2));
    auto* means = reinterpret_cast<float*>(k.scratch + parameters_at);
    const Parameters p{means, means + period, means + 2 * period};
    repeat_parameters(k, n, repeats, eps, p);
    transform(k, p.mean, p.scale, p.beta);
  };
  return {.run = run, .scratch_bytes = scratch.bytes};
}

std::optional<Absorbed> absorb(const Call& c, std::string_view reader, const Attrs&,
                               Value operand) {
  return absorb_into_norm(c, kResidual, reader, operand);
}
}  // namespace

extern const Op op_batch_norm = {
    .name = "batch_norm",
    .doc = "channels of mean 0 and variance 1 over the batch, then scaled and shifted",
    .min_inputs = 3,
    .max_inputs = 4,
    .attrs = fields_of<BatchNormAttrs>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<8>,
    .absorb = absorb,
    .cheap = true,
    .tolerance = 1e-5,
    .samples = {{{Shape{6, 5}, Shape{5}, Shape{5}}},
                {{Shape{2, 3, 4, 7}, Shape{7}, Shape{7}}, {{"activation", "relu"}}},
                {{{Shape{900, 33}, 3, 4}, Shape{33}, Shape{33}}, {{"eps", 1e-3}}},
                {{Shape{3000, 16}, Shape{16}, Shape{16}}, {{"activation", "relu"}}},
                {{Shape{5, 300}, Shape{300}, Shape{300}}},
                {{SampleInput(DType::kBf16, {900, 33}, -2, 4), Shape{33}, Shape{33}}},
                {{SampleInput(DType::kBf16, {3000, 16}, -2, 2), Shape{16}, Shape{16}},
                 {{"activation", "relu"}, {"to", "bf16"}}},
                {{Shape{5, 300}, Shape{300}, Shape{300}}, {{"to", "bf16"}}},
                {{Shape{2, 3, 4, 7}, Shape{7}, Shape{7}, Shape{2, 3, 4, 7}}},
                {{Shape{70, 33}, Shape{33}, Shape{33}, Shape{70, 33}}, {{"activation", "relu"}}},
                {{SampleInput(DType::kBf16, {900, 33}, -2, 4), Shape{33}, Shape{33},
                  SampleInput(DType::kBf16, {900, 33}, -2, 2)},
                 {{"activation", "relu"}, {"to", "bf16"}}},
                {{Shape{1, 4}, Shape{4}, Shape{4}}},
                {{Shape{0, 3}, Shape{3}, Shape{3}}}},
};
}  // namespace cambium
