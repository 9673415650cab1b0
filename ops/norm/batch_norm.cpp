// batch_norm: y = act((x - mean) / sqrt(var + eps) * gamma + beta + residual), mean and biased
// variance over all axes but the last. Ioffe and Szegedy 2015, arXiv 1502.03167.
//   x, y: [..., C]   gamma, beta, mean, var: [C]   residual: [..., C] or left out
//   with `blocked`, x, y and residual are images in blocks of 16 channels (block_channels)
//   mask: [rows of x] or left out; rows below 1/2 are padding: not counted in mean and var, and
//   normalised like the rest. Without a real row both are 0.
// One pass over memory gives both statistics: each block of rows is centred while it is in cache,
// and the blocks are merged in order (Chan, Golub and LeVeque 1979).
#include "ops/norm/support/batch_norm.h"

#include <cmath>

#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"

namespace cambium::op_batch_norm {
namespace {
constexpr int kResidual = 3, kMask = 4;

std::vector<ValueType> shape(const Call& c) {
  require_batch_norm_inputs(c, 0, std::array{1, 2});
  require_residual(c, kResidual);
  require_row_mask(c, 0, kMask);
  return {{c.as<BatchNormAttrs>().dtype(), c.shape(0)}, c.in[1].type(), c.in[1].type()};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const bool relu = c.as<BatchNormAttrs>().activation == "relu";
  Graph& g = *dy[0].graph;
  const Value y = relu ? c.out[0] : Value{};
  std::vector<Value> in = {dy[0], c.in[0], c.in[1], c.out[1], c.out[2], y};
  if (c.has(kMask)) in.push_back(c.in[kMask]);
  const Value dx = g.emit("batch_norm_grad", in, c.attrs);
  std::vector<Value> din = {dx, dx.nth(1), dx.nth(2)};
  if (c.has(kResidual)) din.push_back(relu ? g.emit("relu_grad", {y, dy[0]}) : dy[0]);
  din.resize(c.in.size());
  return din;
}

void plain_reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t n = c.shape(1)[0], rows = n == 0 ? 0 : c.shape(0).count() / n;
  const auto& a = c.as<BatchNormAttrs>();
  const double* mask = c.has(kMask) ? in[kMask].data.data() : nullptr;
  const double counted = double(count_real(mask, 0, rows));
  for (int64_t j = 0; j < n; ++j) {
    double mean = 0, variance = 0;
    for (int64_t r = 0; r < rows; ++r)
      if (is_real(mask, r)) mean += in[0][r * n + j] / counted;
    for (int64_t r = 0; r < rows; ++r)
      if (is_real(mask, r)) variance += std::pow(in[0][r * n + j] - mean, 2) / counted;
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

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  normalise_in_plain_layout(c, in, out, plain_reference);
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

// The same over the `counted` rows that are real. Padding is chosen away, not multiplied by 0, so
// that not even infinity or NaN comes in from there.
template <class X>
CAMBIUM_SIMD void masked_statistics(const X* x, const float* mask, int64_t rows, int64_t counted,
                                    int64_t n, float* stats) {
  const ColumnInput<X> in{x, n};
  const RowInput real{mask};
  column_sums(
      rows, n, stats,
      [](auto& acc, const auto& v, const auto& real) {
        acc += real >= 0.5f ? v : std::remove_reference_t<decltype(acc)>{};
      },
      in, real);
  const float inverse = 1 / float(std::max<int64_t>(counted, 1));
  for (int64_t j = 0; j < n; ++j) stats[j] *= inverse;
  column_sums(
      rows, n, stats + n,
      [](auto& acc, const auto& v, const auto& m, const auto& real) {
        acc += real >= 0.5f ? (v - m) * (v - m) : std::remove_reference_t<decltype(acc)>{};
      },
      in, ColumnInput<float>{stats, 0}, real);
}

// stats [blocks, 2, n] and counts [blocks] of real rows, of all blocks in parallel. The mask may be
// null.
void find_statistics(const RowBlocks& s, DType from, const void* x, const float* mask, float* stats,
                     float* counts) {
  const int64_t n = s.runs.n;
  parallel_for(s.count(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const int64_t first = s.first_row(b), rows = s.rows(b);
      const int64_t counted = count_real(mask, first, first + rows);
      counts[b] = float(counted);
      with_elements(from, x, s.first_element(b), [&](const auto* at) {
        float* to = stats + 2 * b * n;
        if (mask)
          masked_statistics(at, mask + first, rows, counted, n, to);
        else
          block_statistics(at, rows, n, to);
      });
    }
  });
}

// Merges the means and squared distances of a channel's blocks in order.
void merge_statistics(const RowBlocks& s, const float* stats, const float* counts, float* mean,
                      float* variance) {
  const int64_t n = s.runs.n;
  for (int64_t channel = 0; channel < s.runs.channels(); ++channel) {
    const int64_t j = channel % n, first = channel / n * s.of_a_group();
    double count = 0, m = 0, squares = 0;
    for (int64_t b = first; b < first + s.of_a_group(); ++b) {
      const double here = counts[b];
      if (here == 0) continue;
      const double delta = double(stats[2 * b * n + j]) - m, total = count + here;
      squares += double(stats[(2 * b + 1) * n + j]) + delta * delta * count * here / total;
      m += delta * here / total;
      count = total;
    }
    mean[channel] = float(m);
    variance[channel] = count > 0 ? float(squares / count) : 0;
  }
}

struct Parameters {  // of a channel, repeated over a period
  float *mean, *scale, *beta;
};

void repeat_parameters(const KernelArgs& k, const ChannelRuns& v, int64_t repeats, double eps,
                       Parameters p) {
  const float *mean = k.out_f32(1), *variance = k.out_f32(2);
  repeat_parameter(p.mean, v, repeats, [&](int64_t j) { return mean[j]; });
  repeat_parameter(p.scale, v, repeats, [&](int64_t j) {
    return float(k.f32(1)[j] / std::sqrt(double(variance[j]) + eps));
  });
  repeat_parameter(p.beta, v, repeats, [&](int64_t j) { return k.f32(2)[j]; });
}

Kernel kernel(const Call& c, Engine&) {
  const RowBlocks s(ChannelRuns(c, 0));
  const int64_t n = s.runs.n, repeats = parameter_repeats(n), period = repeats * n;
  Scratch scratch;
  const int64_t stats_at = scratch.add_f32(s.count() * 2 * n);
  const int64_t counts_at = scratch.add_f32(s.count());
  const int64_t all = s.runs.groups * period, parameters_at = scratch.add_f32(3 * all);
  const NormTransform transform(c, period, kResidual);
  const bool masked = c.has(kMask);
  const auto run = [=, eps = c.as<BatchNormAttrs>().eps](const KernelArgs& k) {
    auto* stats = reinterpret_cast<float*>(k.scratch + stats_at);
    auto* counts = reinterpret_cast<float*>(k.scratch + counts_at);
    find_statistics(s, transform.from, k.in[0], masked ? k.f32(kMask) : nullptr, stats, counts);
    merge_statistics(s, stats, counts, k.out_f32(1), k.out_f32(2));
    auto* means = reinterpret_cast<float*>(k.scratch + parameters_at);
    const Parameters p{means, means + all, means + 2 * all};
    repeat_parameters(k, s.runs, repeats, eps, p);
    transform(k, p.mean, p.scale, p.beta);
  };
  return {.run = run, .scratch_bytes = scratch.bytes};
}

std::optional<Absorbed> absorb(const Call& c, std::string_view reader, const Attrs&,
                               Value operand) {
  return absorb_into_norm(c, kResidual, reader, operand);
}

// Statistics hear every row that counts; each row then hears itself too.
void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const Shape& s = c.shape(0);
  Heard all = whole_from(in, 1);
  Reach x = in[0];
  if (c.has(kMask) && in[kMask].known && !is_blocked(s)) {
    Ref real = *in[kMask].known;
    for (double& m : real.data) m = m >= 0.5;
    const Reach counted = reach_of_known(c.shape(kMask), std::make_shared<const Ref>(real));
    x = product(x, reshaped(counted, s.with_last(1)), s);
  }
  all.join(whole(x));
  out[0] = joined(out[0], in[0], s);
  if (c.has(kResidual)) out[0] = joined(out[0], in[kResidual], s);
  for (Reach& y : out) join_whole(y, all);
}

BatchMeans means(const Call& c) {
  const int64_t channels = c.shape(1).last();
  return {channels > 0 ? c.shape(0).count() / channels : 0};
}
}  // namespace

extern const Op op_batch_norm = {
    .name = "batch_norm",
    .doc = "channels of mean 0 and variance 1 over the batch, then scaled and shifted",
    .min_inputs = 3,
    .max_inputs = 5,
    .attrs = fields_of<BatchNormAttrs>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = pointwise_cost<8>,
    .reach = reach,
    .bf16 = norm_in_bf16<0, 3>,
    .blocked = norm_in_blocks<4, 0, 3>,
    .absorb = absorb,
    .batch_means = means,
    .cheap = true,
    .onnx = onnx_batch_norm,
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
                // With a mask of which about half, all, one or nothing is real.
                {{Shape{900, 33}, Shape{33}, Shape{33}, SampleInput::none(), {Shape{900}, 0, 1}}},
                {{Shape{2, 35, 19}, Shape{19}, Shape{19}, Shape{2, 35, 19}, {Shape{70}, 0, 1}},
                 {{"activation", "relu"}}},
                {{Shape{6, 5}, Shape{5}, Shape{5}, SampleInput::none(), {Shape{6}, 0.6, 1}}},
                {{Shape{1, 4}, Shape{4}, Shape{4}, SampleInput::none(), {Shape{1}, 0.6, 1}}},
                {{Shape{6, 5}, Shape{5}, Shape{5}, SampleInput::none(), {Shape{6}, 0, 0.4}}},
                {{SampleInput(DType::kBf16, {3000, 16}, -2, 4),
                  Shape{16},
                  Shape{16},
                  SampleInput(DType::kBf16, {3000, 16}, -2, 2),
                  {Shape{3000}, 0, 1}},
                 {{"activation", "relu"}, {"to", "bf16"}}},
                {{{Shape{3, 2, 7, 9, 16}, 3, 4}, Shape{32}, Shape{32}}, {{"blocked", true}}},
                {{Shape{2, 3, 33, 40, 16}, Shape{48}, Shape{48}}, {{"blocked", true}}},
                {{Shape{2, 2, 3, 4, 16}, Shape{32}, Shape{32}, Shape{2, 2, 3, 4, 16}},
                 {{"blocked", true}, {"activation", "relu"}}},
                {{SampleInput(DType::kBf16, {2, 1, 20, 20, 16}, -2, 4), Shape{16}, Shape{16},
                  SampleInput(DType::kBf16, {2, 1, 20, 20, 16}, -2, 2)},
                 {{"blocked", true}, {"to", "bf16"}}},
                {{Shape{2, 3, 3, 2, 16}, Shape{16}, Shape{16}}},  // not an image in blocks
                {{Shape{1, 4}, Shape{4}, Shape{4}}},
                {{Shape{0, 3}, Shape{3}, Shape{3}}}},
};
}  // namespace cambium::op_batch_norm
