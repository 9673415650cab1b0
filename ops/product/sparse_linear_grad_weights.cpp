// sparse_linear_grad_weights: dW = scale * (x where kept)^T dy, for x that is mostly zeros.
//   x: [N,C]   dy: [N,M]   kept: i32 [N, ceil(C/32)], sparse_linear's second result   dW: [C,M]
// Threads own ranges of columns and walk all rows in order: no atomics, the same bits for any
// number of threads.
#include "core/system/parallel.h"
#include "graph/graph.h"
#include "ops/product/support/sparse_rows.h"
#include "ops/support/bf16.h"
#include "ops/support/reach.h"
#include "ops/support/shapes.h"

namespace cambium::op_sparse_linear_grad_weights {
namespace {
struct SparseLinearGradWeights {
  double scale = 1, density = 1;
  static constexpr auto fields = std::tuple{
      field("scale", &SparseLinearGradWeights::scale, "of kept elements: 1 / (1 - dropout)"),
      field("density", &SparseLinearGradWeights::density,
            "share of x that is kept; for the cost alone")
          .in(0, 1)};
};

std::vector<ValueType> shape(const Call& c) {
  const Shape &x = c.shape(0), &dy = c.shape(1);
  require_f32(c, 0);
  require_f32(c, 1);
  require(x.rank() == 2 && dy.rank() == 2 && x[0] == dy[0], "x ", x, " and dy ", dy,
          " need two axes and equal rows");
  const ValueType kept{DType::kI32, Shape{x[0], words_of(x[1])}};
  require(c.in[2].type() == kept, "kept is ", c.in[2].type(), ", not ", kept);
  return {{DType::kF32, Shape{x[1], dy[1]}}};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t rows = c.shape(0)[0], columns = c.shape(0)[1], width = c.shape(1)[1];
  const double scale = c.as<SparseLinearGradWeights>().scale;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t k = 0; k < columns; ++k) {
      if (!counts_in(in[2], i, columns, k)) continue;
      for (int64_t m = 0; m < width; ++m)
        out[0][k * width + m] += scale * in[0][i * columns + k] * in[1][i * width + m];
    }
}

struct Product {
  const float *x, *dy;
  const int32_t* kept;
  float* dw;
  int64_t rows, columns, width, words;
  float scale;
};

// The columns of words [first, last).
CAMBIUM_SIMD void sum_columns(const Product& p, int64_t first, int64_t last) {
  const int64_t begin = first * kWordColumns;
  const int64_t end = last * kWordColumns < p.columns ? last * kWordColumns : p.columns;
  for (int64_t k = begin * p.width; k < end * p.width; ++k) p.dw[k] = 0;
  for (int64_t i = 0; i < p.rows; ++i) {
    const float *x = p.x + i * p.columns, *dy = p.dy + i * p.width;
    for (int64_t word = first; word < last; ++word)
      for (auto bits = uint32_t(p.kept[i * p.words + word]); bits != 0; bits &= bits - 1) {
        const int64_t c = word * kWordColumns + __builtin_ctz(bits);
        if (c < p.columns) add_scaled(p.dw + c * p.width, x[c] * p.scale, dy, p.width);
      }
  }
}

Kernel kernel(const Call& c, Engine&) {
  const auto scale = float(c.as<SparseLinearGradWeights>().scale);
  const int64_t rows = c.shape(0)[0], columns = c.shape(0)[1], width = c.shape(1)[1];
  return {.run = [=](const KernelArgs& k) {
    const Product p{k.f32(0), k.f32(1), k.i32(2),          k.out_f32(), rows,
                    columns,  width,    words_of(columns), scale};
    parallel_for(p.words, 10'000 / (rows + 1) + 1,
                 [&](int64_t first, int64_t last) { sum_columns(p, first, last); });
  }};
}

// Of x, the lines of kept elements are read; the words, dy and dW once.
Cost cost(const Call& c) {
  const double kept = c.as<SparseLinearGradWeights>().density * double(c.shape(0).count());
  const double flops = 2 * kept * double(c.shape(1)[1]);
  return {.flops = flops,
          .bytes = 4 * (kept + double(c.shape(1).count() + c.shape(2).count() +
                                      c.out_shape().count() + 1)),
          .products = flops};
}

SampleInput kept(int64_t rows, int64_t columns) {
  return {DType::kI32, Shape{rows, words_of(columns)}, -0x1p31, 0x1p31};
}
}  // namespace

extern const Op op_sparse_linear_grad_weights = {
    .name = "sparse_linear_grad_weights",
    .doc = "gradient of sparse_linear's weights from x, dy and what was kept",
    .min_inputs = 3,
    .max_inputs = 3,
    .attrs = fields_of<SparseLinearGradWeights>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .bf16 = stays_f32,
    .not_onnx = kOnnxGradient,
    .tolerance = 2e-5,  // sums of many terms
    .samples = {{{Shape{3, 5}, Shape{3, 7}, kept(3, 5)}, {{"scale", 2.0}}},
                {{Shape{1, 33}, Shape{1, 16}, kept(1, 33)}},
                {{Shape{300, 67}, Shape{300, 33}, kept(300, 67)}, {{"density", 0.5}}},
                {{Shape{9, 1100}, Shape{9, 1}, kept(9, 1100)}, {{"scale", 1.25}}},
                {{Shape{0, 5}, Shape{0, 7}, kept(0, 5)}},
                {{Shape{3, 0}, Shape{3, 7}, kept(3, 0)}},
                {{Shape{3, 5}, Shape{3, 0}, kept(3, 5)}}},
};
}  // namespace cambium::op_sparse_linear_grad_weights
