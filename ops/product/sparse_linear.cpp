// sparse_linear: y = dropout(x) W for x that is mostly zeros (words of a document, one-hot marks).
//   x: [N,C]   W: [C,M]   rng: i64 [2] = {seed, step}, only with dropout
//   y: [N,M]   kept: i32 [N, ceil(C/32)], a bit for each element that is neither 0 nor dropped
//   dW = dropout(x)^T dy over the kept elements;  dx = the dropout's mask on dy W^T
// Zeros are found by comparing; only the others are dropped out (element by element, with the mask
// that `dropout` of the same stream gives) and multiplied. A NaN or infinity in W meets no zero.
// Cost: multiplications of kept elements, as many as `density` says; the search is bytes, not
// flops.
#include <optional>

#include "core/system/parallel.h"
#include "graph/graph.h"
#include "ops/pointwise/support/dropout.h"
#include "ops/product/support/sparse_rows.h"
#include "ops/support/bf16.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"
#include "ops/support/shapes.h"

namespace cambium::op_sparse_linear {
namespace {
struct SparseLinear {
  double dropout = 0;
  int64_t stream = 0;
  double density = 1;
  static constexpr auto fields = std::tuple{
      field("dropout", &SparseLinear::dropout, "probability that an element of x becomes 0")
          .in(0, 0.999999),
      field("stream", &SparseLinear::stream, "names the stream of random numbers").any(),
      field("density", &SparseLinear::density, "share of x that is not zero; for the cost alone")
          .in(0, 1)};
};

constexpr int kRng = 2;

std::vector<ValueType> shape(const Call& c) {
  const Shape &x = c.shape(0), &w = c.shape(1);
  require_f32(c, 0);
  require_f32(c, 1);
  require(x.rank() == 2 && w.rank() == 2, "x ", x, " and the weights ", w, " need two axes");
  require(x[1] == w[0], "x ", x, " has ", x[1], " channels, the weights ", w, " take ", w[0]);
  if (c.as<SparseLinear>().dropout > 0) require_rng(c, kRng);
  return {{DType::kF32, Shape{x[0], w[1]}}, {DType::kI32, Shape{x[0], words_of(x[1])}}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const auto& a = c.as<SparseLinear>();
  Graph& g = *dy[0].graph;
  const double keep = 1 - a.dropout;
  const Value dw = g.emit("sparse_linear_grad_weights", {c.in[0], dy[0], c.out[1]},
                          {{"scale", 1 / keep}, {"density", a.density * keep}});
  Value dx = g.emit("matmul", {dy[0], c.in[1]}, {{"transpose_b", true}});
  if (a.dropout > 0)
    dx = g.emit("dropout_grad", {dx, c.in[kRng]}, {{"p", a.dropout}, {"stream", a.stream}});
  std::vector<Value> din = {dx, dw};
  if (c.inputs() > kRng) din.push_back({});
  return din;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& a = c.as<SparseLinear>();
  const int64_t rows = c.shape(0)[0], columns = c.shape(0)[1], width = c.shape(1)[1];
  const DropoutMask mask =
      a.dropout > 0 ? mask_of(in[kRng], a.stream, a.dropout) : DropoutMask(0, 0, 0, 0);
  for (int64_t i = 0; i < rows; ++i) {
    std::vector<uint32_t> words(size_t(words_of(columns)), 0);
    for (int64_t k = 0; k < columns; ++k) {
      const double x = in[0][i * columns + k] / (1 - a.dropout);
      if (x == 0 || mask.drops(i * columns + k)) continue;
      words[size_t(k / kWordColumns)] |= 1u << (k % kWordColumns);
      for (int64_t m = 0; m < width; ++m) out[0][i * width + m] += x * in[1][k * width + m];
    }
    for (size_t word = 0; word < words.size(); ++word)
      out[1][i * int64_t(words.size()) + int64_t(word)] = int32_t(words[word]);
  }
}

struct Product {
  const float *x, *w;
  float* y;
  int32_t* kept;
  int64_t columns, width, words;
};

constexpr int64_t kBlockWords = 32;  // a row is worked through in blocks of 1024 columns
constexpr int64_t kBatch = 8;

// The columns of the block at `first` that are not zero, rising; their bits go to `words`.
[[gnu::always_inline]] inline int64_t find_nonzeros(const float* x, int64_t first, int64_t end,
                                                    int32_t* words, int32_t* found) {
  int64_t count = 0;
  for (int64_t c = first; c < end; c += kWordColumns, ++words) {
    uint32_t bits = nonzero_word(x + c, end - c);
    *words = int32_t(bits);
    for (; bits != 0; bits &= bits - 1) found[count++] = int32_t(c) + __builtin_ctz(bits);
  }
  return count;
}

// Keeps the columns that stay; `words` are those of the whole row, whose first element is `at`.
[[gnu::always_inline]] inline int64_t drop(const DropoutMask& mask, uint64_t at, int32_t* found,
                                           int64_t count, int32_t* words) {
  for (int64_t l = count; l % kBatch != 0; ++l) found[l] = 0;
  int64_t kept = 0;
  for (int64_t first = 0; first < count; first += kBatch) {
    int32_t keeps[kBatch];
    mask.eight_keep(at, found + first, keeps);
    const int64_t end = count - first < kBatch ? count - first : kBatch;
    for (int64_t l = 0; l < end; ++l) {
      const int32_t column = found[first + l];
      const auto fell = uint32_t(keeps[l] + 1);  // -1 stays, 0 falls
      words[column / kWordColumns] ^= int32_t(fell << (column % kWordColumns));
      found[kept] = column;
      kept += keeps[l] & 1;
    }
  }
  return kept;
}

// `mask` null: no dropout.
CAMBIUM_SIMD void multiply_rows(const Product& p, const DropoutMask* mask, int64_t first,
                                int64_t last) {
  constexpr int64_t kBlock = kBlockWords * kWordColumns;
  int32_t found[kBlock + kBatch];
  const float scale = mask ? mask->keep_scale : 1.0f;
  for (int64_t i = first; i < last; ++i) {
    const float* x = p.x + i * p.columns;
    float* y = p.y + i * p.width;
    int32_t* words = p.kept + i * p.words;
    for (int64_t m = 0; m < p.width; ++m) y[m] = 0;
    for (int64_t c = 0; c < p.columns; c += kBlock) {
      const int64_t end = c + kBlock < p.columns ? c + kBlock : p.columns;
      int64_t count = find_nonzeros(x, c, end, words + c / kWordColumns, found);
      if (mask) count = drop(*mask, uint64_t(i * p.columns), found, count, words);
      for (int64_t k = 0; k < count; ++k)
        add_scaled(y, x[found[k]] * scale, p.w + found[k] * p.width, p.width);
    }
  }
}

Kernel kernel(const Call& c, Engine&) {
  const auto a = c.as<SparseLinear>();
  const int64_t rows = c.shape(0)[0], columns = c.shape(0)[1], width = c.shape(1)[1];
  return {.run = [=](const KernelArgs& k) {
    const Product p{k.f32(0), k.f32(1), k.out_f32(),      static_cast<int32_t*>(k.out[1]),
                    columns,  width,    words_of(columns)};
    std::optional<DropoutMask> mask;
    if (a.dropout > 0) mask.emplace(k.i64(kRng)[0], k.i64(kRng)[1], a.stream, a.dropout);
    parallel_for(rows, 100'000 / (columns + 1) + 1, [&](int64_t first, int64_t last) {
      multiply_rows(p, mask ? &*mask : nullptr, first, last);
    });
  }};
}

Cost cost(const Call& c) {
  const auto& a = c.as<SparseLinear>();
  const double flops = 2 * a.density * (1 - a.dropout) * double(c.shape(0).count() * c.shape(1)[1]);
  return {.flops = flops,
          .bytes = 4 * double(c.shape(0).count() + c.shape(1).count() + c.out_shape(0).count() +
                              c.out_shape(1).count()),
          .products = flops};
}

const SampleInput kRandom(DType::kI64, {2}, 0, 1000);
}  // namespace

extern const Op op_sparse_linear = {
    .name = "sparse_linear",
    .doc = "dropout(x) W for x that is mostly zeros",
    .min_inputs = 2,
    .max_inputs = 3,
    .attrs = fields_of<SparseLinear>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_rows,
    .bf16 = stays_f32,
    .onnx = onnx_sparse_linear,
    .tolerance = 2e-5,  // sums of many terms
    .samples = {{{Shape{3, 5}, Shape{5, 7}}},
                {{Shape{1, 33}, Shape{33, 16}, kRandom}, {{"dropout", 0.5}, {"stream", 7}}},
                {{Shape{9, 67}, Shape{67, 1}, kRandom}, {{"dropout", 0.9}, {"stream", -3}}},
                {{Shape{2, 1100}, Shape{1100, 21}, kRandom}, {{"dropout", 0.25}}},
                {{Shape{70, 64}, Shape{64, 35}}, {{"density", 0.5}}},
                {{Shape{0, 5}, Shape{5, 7}}},
                {{Shape{3, 0}, Shape{0, 7}}},
                {{Shape{3, 5}, Shape{5, 0}}}},
};
}  // namespace cambium::op_sparse_linear
