// matmul: y = op(a) op(b) on the last two axes; leading axes are a batch, equal or 1.
//   a: [..., M, K] ([..., K, M] when transpose_a)   b: [..., K, N] ([..., N, K] when transpose_b)
//   y: [..., M, N]   da = dy op(b)^T, db = op(a)^T dy, transposed back and summed over broadcast
#include <cstring>

#include "graph/graph.h"
#include "ops/product/support/eigen.h"
#include "ops/product/support/product_cost.h"
#include "ops/product/support/products.h"
#include "ops/support/bf16.h"
#include "ops/support/dnnl.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_matmul {
namespace {
struct Sizes {
  int64_t m, n, k;
  Shape batch_a, batch_b, batch;  // leading axes
};

Shape leading(const Shape& s) {
  return Shape(s.dims().first(size_t(s.rank() - 2)));
}

Sizes sizes(const Call& c) {
  const bool ta = c.as<Matmul>().transpose_a, tb = c.as<Matmul>().transpose_b;
  const Shape &a = c.shape(0), &b = c.shape(1);
  require(a.rank() >= 2 && b.rank() >= 2, "matrices need two axes, got ", a, " and ", b);
  const int64_t k = a[ta ? -2 : -1];
  require(k == b[tb ? -1 : -2], "inner extents differ: ", a, ta ? " transposed" : "", " times ", b,
          tb ? " transposed" : "");
  return {a[ta ? -1 : -2], b[tb ? -2 : -1], k,
          leading(a),      leading(b),      broadcast_shapes(leading(a), leading(b))};
}

std::vector<ValueType> shape(const Call& c) {
  require_product(c, 0, 1);
  require_result(c, c.as<Matmul>().to, 0);
  const Sizes s = sizes(c);
  std::vector<int64_t> y(s.batch.dims().begin(), s.batch.dims().end());
  y.push_back(s.m);
  y.push_back(s.n);
  return {{precision_of(c.as<Matmul>().to), Shape(y)}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const bool ta = c.as<Matmul>().transpose_a, tb = c.as<Matmul>().transpose_b;
  Graph& g = *dy[0].graph;
  const auto product = [&](Value l, Value r, bool tl, bool tr) {
    return g.emit("matmul", {l, r}, {{"transpose_a", tl}, {"transpose_b", tr}});
  };
  const Value a = c.in[0], b = c.in[1], d = dy[0];
  const Value da = ta ? product(b, d, tb, true) : product(d, b, false, !tb);
  const Value db = tb ? product(d, a, true, ta) : product(a, d, !ta, false);
  return {unbroadcast(da, a.shape()), unbroadcast(db, b.shape())};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const bool ta = c.as<Matmul>().transpose_a, tb = c.as<Matmul>().transpose_b;
  const Sizes s = sizes(c);
  for (int64_t i = 0; i < s.batch.count(); ++i) {
    const int64_t at_a = broadcast_index(i, s.batch_a, s.batch) * s.m * s.k;
    const int64_t at_b = broadcast_index(i, s.batch_b, s.batch) * s.k * s.n;
    multiply_f64(s.m, s.n, s.k, in[0].data.data() + at_a, ta, in[1].data.data() + at_b, tb,
                 out[0].data.data() + i * s.m * s.n);
  }
  if (c.as<Matmul>().to == "bf16") round_to_bf16(out[0]);
}

// Batch axes, padded to `rank`, and the matrix, whose last axes may be stored swapped.
MemoryDesc operand(const Shape& batch, int rank, int64_t rows, int64_t columns, bool swapped,
                   DType type = DType::kF32) {
  dnnl::memory::dims dims(size_t(rank - batch.rank()), 1), strides(size_t(rank) + 2);
  dims.insert(dims.end(), batch.dims().begin(), batch.dims().end());
  int64_t stride = rows * columns;
  for (size_t i = dims.size(); i-- > 0; stride *= dims[i]) strides[i] = stride;
  dims.push_back(rows);
  dims.push_back(columns);
  strides[size_t(rank)] = swapped ? 1 : columns;
  strides[size_t(rank) + 1] = swapped ? rows : 1;
  return strided_md(dims, strides, type);
}

Kernel kernel(const Call& c, Engine& e) {
  const bool ta = c.as<Matmul>().transpose_a, tb = c.as<Matmul>().transpose_b;
  Sizes s = sizes(c);
  const DType to = precision_of(c.as<Matmul>().to);
  if (c.out_shape().count() == 0 || s.k == 0)
    return {.run = [bytes = c.out[0].type().bytes()](const KernelArgs& k) {
      std::memset(k.out[0], 0, size_t(bytes));
    }};
  if (s.batch_b.count() == 1 && !ta) {  // one b for all: the batch is more rows
    s.m *= s.batch_a.count();
    s.batch_a = s.batch_b = s.batch = Shape{};
  } else if (s.batch_a == s.batch_b) {
    s.batch_a = s.batch_b = s.batch = Shape{s.batch.count()};
  }
  const int rank = s.batch.rank();
  const MemoryDesc a = operand(s.batch_a, rank, s.m, s.k, ta, c.dtype(0));
  const MemoryDesc b = operand(s.batch_b, rank, s.k, s.n, tb, c.dtype(1));
  const MemoryDesc y = operand(s.batch, rank, s.m, s.n, false, to);
  const auto pd = make_pd<dnnl::matmul>(e, caller_scratch(), a, b, y);
  DnnlCall call(e, dnnl::matmul(pd), pd);
  call.input(DNNL_ARG_SRC, a, 0).input(DNNL_ARG_WEIGHTS, b, 1).output(DNNL_ARG_DST, y, 0);
  return dnnl_kernel(std::move(call));
}

Cost cost(const Call& c) {
  const double products = 2.0 * double(sizes(c).k);
  return product_cost(c, products);
}

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const auto turned = [](const Reach& r, bool turn) {
    std::vector<int64_t> perm;
    for (int i = 0; i < r.shape.rank(); ++i) perm.push_back(i);
    if (turn) std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
    return transposed(r, perm);
  };
  const auto& a = c.as<Matmul>();
  out[0] = contracted(turned(in[0], a.transpose_a), turned(in[1], a.transpose_b), out[0].shape);
}

Bf16Use in_bf16(const Call& c) {
  Bf16Use use = rounds_operands(c);
  if (c.dtype(0) == DType::kBf16) use.writes = writing_bf16<Matmul>(c);
  return use;
}

std::optional<RowProduct> rows_of(const Call& c) {
  const auto& a = c.as<Matmul>();
  if (a.transpose_a || c.shape(0).rank() != 2 || c.shape(1).rank() != 2) return {};
  return RowProduct{.transposed = a.transpose_b};
}
}  // namespace

extern const Op op_matmul = {
    .name = "matmul",
    .doc = "matrix product over the last two axes, batched over the others",
    .min_inputs = 2,
    .max_inputs = 2,
    .attrs = fields_of<Matmul>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .bf16 = in_bf16,
    .row_product = rows_of,
    .onnx = onnx_matmul,
    .tolerance = 1e-5,  // sums of many terms
    .samples = {{{Shape{3, 5}, Shape{5, 7}}},
                {{Shape{2, 3, 5}, Shape{2, 5, 7}}},
                {{Shape{2, 1, 3, 5}, Shape{1, 4, 7, 5}}, {{"transpose_b", true}}},
                {{Shape{2, 5, 3}, Shape{2, 5, 7}}, {{"transpose_a", true}}},
                {{Shape{2, 5, 3}, Shape{7, 5}}, {{"transpose_a", true}, {"transpose_b", true}}},
                {{Shape{2, 3, 5}, Shape{5, 4}}},
                {{Shape{1, 1}, Shape{1, 1}}},
                {{Shape{0, 3}, Shape{3, 2}}},
                {{Shape{2, 0}, Shape{0, 3}}},
                {{Shape{65, 70}, Shape{70, 33}}},
                {{SampleInput(DType::kBf16, {2, 65, 70}, -1, 1),
                  SampleInput(DType::kBf16, {33, 70}, -1, 1)},
                 {{"transpose_b", true}}},
                {{SampleInput(DType::kBf16, {2, 65, 70}, -1, 1),
                  SampleInput(DType::kBf16, {70, 33}, -1, 1)},
                 {{"to", "bf16"}}},
                {{SampleInput(DType::kBf16, {2, 0}, -1, 1),
                  SampleInput(DType::kBf16, {0, 3}, -1, 1)},
                 {{"to", "bf16"}}}},
};
}  // namespace cambium::op_matmul
