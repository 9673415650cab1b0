// embed(table [V,C], ids i32 [...]) -> y [...,C]: y[r] = table[ids[r]].
// dtable sums dy over the places where a row was used: embed_grad. RuntimeError for an id outside
// [0, V).
#include <algorithm>
#include <cstring>

#include "core/system/parallel.h"
#include "graph/graph.h"
#include "ops/support/ids.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"

namespace cambium::op_embed {
template <class Id> static void check_tokens(const Id* ids, int64_t n, int64_t rows) {
  check_ids("embed's id", ids, n, rows, BelowZero::kRefused,
            "the data has more kinds of tokens than the model; set the vocabulary to fit");
}

static std::vector<ValueType> shape(const Call& c) {
  const Shape &table = c.shape(0), &ids = c.shape(1);
  require(table.rank() == 2 && c.dtype(0) == DType::kF32, "the table must be f32 [V,C], got ",
          c.in[0].type());
  require(c.dtype(1) == DType::kI32, "ids must be i32, got ", c.in[1].type());
  require(ids.rank() < Shape::kMaxRank, "ids of rank ", ids.rank(), " leave no room for C");
  std::vector<int64_t> extents(ids.dims().begin(), ids.dims().end());
  extents.push_back(table[1]);
  return {{DType::kF32, Shape(std::span<const int64_t>(extents))}};
}

static std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {dy[0].graph->emit("embed_grad", {c.in[1], dy[0]}, {{"rows", c.shape(0)[0]}}), Value{}};
}

static void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t C = c.shape(0)[1];
  check_tokens(in[1].data.data(), in[1].size(), c.shape(0)[0]);
  for (int64_t r = 0; r < in[1].size(); ++r)
    for (int64_t k = 0; k < C; ++k) out[0][r * C + k] = in[0][int64_t(in[1][r]) * C + k];
}

static Kernel kernel(const Call& c, Engine&) {
  const int64_t V = c.shape(0)[0], C = c.shape(0)[1], n = c.shape(1).count();
  const auto run = [V, C, n](const KernelArgs& args) {
    const float* table = args.f32(0);
    const int32_t* ids = args.i32(1);
    float* y = args.out_f32();
    check_tokens(ids, n, V);
    if (C == 0) return;
    parallel_for(n, std::max<int64_t>(1, 65536 / C), [&](int64_t first, int64_t last) {
      for (int64_t r = first; r < last; ++r)
        std::memcpy(y + r * C, table + ids[r] * C, size_t(C) * sizeof(float));
    });
  };
  return {.run = run};
}

static Cost cost(const Call& c) {
  return {.flops = 0,
          .bytes = 8.0 * double(c.out_shape().count()) + 4.0 * double(c.shape(1).count())};
}

static SampleInput ids(Shape s, double rows) {
  return {DType::kI32, s, 0, rows};
}

// A row hears its id and, where that is known, its row of the table alone.
static void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const int64_t n = c.shape(1).count();
  if (out[0].shape.count() == 0) return;
  Reach rows = reshaped(in[1], {n});
  if (in[1].known) {
    const std::vector<double>& ids = in[1].known->data;
    const Reach chosen = along(as_rows(in[0]), 0, n, [&](int64_t r, const Hear& hear) {
      hear(int64_t(ids[size_t(r)]), int64_t(ids[size_t(r)]) + 1);
    });
    rows = joined(rows, chosen, rows.shape);
  } else {
    join_whole(rows, whole(in[0]));
  }
  out[0] = from_rows(rows, out[0].shape);
}

extern const Op op_embed;
const Op op_embed = {.name = "embed",
                     .doc = "rows of a table, chosen by ids",
                     .min_inputs = 2,
                     .max_inputs = 2,
                     .shape = shape,
                     .vjp = vjp,
                     .reference = reference,
                     .kernel = kernel,
                     .cost = cost,
                     .reach = reach,
                     .cheap = true,
                     .places = Places::kTokens,
                     .onnx = onnx_embed,
                     .samples = {{{Shape{5, 3}, ids({2, 4}, 5)}},
                                 {{Shape{1, 1}, ids({1}, 1)}},
                                 {{Shape{7, 33}, ids({3, 13}, 7)}},
                                 {{Shape{70, 16}, ids({}, 70)}},
                                 {{Shape{4, 3}, ids({0, 2}, 4)}}}};
}  // namespace cambium::op_embed
