// embed_grad(ids i32 [...], dy [...,C]; rows) -> dtable [rows,C]: dtable[v] = sum of dy[r] over
// ids[r] = v, in the order of r. Places are grouped by id with a stable counting sort, then each
// row is summed by one thread: the same bits for any number of threads, no atomics.
#include <cstring>

#include "graph/graph.h"
#include "ops/support/ids.h"
#include "ops/support/partition.h"
#include "ops/support/reach.h"

namespace cambium::op_embed_grad {
namespace {
struct EmbedGrad {
  int64_t rows = 1;
  static constexpr auto fields =
      std::tuple{field("rows", &EmbedGrad::rows, "rows of the table").in(0)};
};

std::vector<ValueType> shape(const Call& c) {
  const Shape &ids = c.shape(0), &dy = c.shape(1);
  require(c.dtype(0) == DType::kI32, "ids must be i32, got ", c.in[0].type());
  require(dy.rank() == ids.rank() + 1 && dy.rows() == ids.count(), "dy ", dy, " must be ids ", ids,
          " with one more axis");
  return {{DType::kF32, Shape{c.as<EmbedGrad>().rows, dy.last()}}};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t C = c.shape(1).last();
  check_ids("embed_grad's id", in[0].data.data(), in[0].size(), c.as<EmbedGrad>().rows);
  for (int64_t r = 0; r < in[0].size(); ++r)
    for (int64_t k = 0; k < C; ++k) out[0][int64_t(in[0][r]) * C + k] += in[1][r * C + k];
}

// Places grouped by id: those of id v are places[begin[v] .. begin[v+1]), in rising order.
struct Places {
  int32_t *begin, *places;
};

void group_by_id(const int32_t* ids, int64_t n, int64_t rows, Places to) {
  std::fill_n(to.begin, rows + 1, 0);
  for (int64_t r = 0; r < n; ++r) ++to.begin[ids[r] + 1];
  for (int64_t v = 0; v < rows; ++v) to.begin[v + 1] += to.begin[v];
  // Placing moves each begin to its end, which is the next one's begin: shift back afterwards.
  for (int64_t r = 0; r < n; ++r) to.places[to.begin[ids[r]]++] = int32_t(r);
  for (int64_t v = rows; v > 0; --v) to.begin[v] = to.begin[v - 1];
  to.begin[0] = 0;
}

CAMBIUM_SIMD void sum_rows(const float* dy, float* dtable, Places p, int64_t first, int64_t last,
                           int64_t C) {
  for (int64_t v = first; v < last; ++v) {
    float* to = dtable + v * C;
    std::fill_n(to, C, 0.0f);
    for (int32_t k = p.begin[v]; k < p.begin[v + 1]; ++k) {
      const float* from = dy + p.places[k] * C;
      for (int64_t i = 0; i < C; ++i) to[i] += from[i];
    }
  }
}

// The first row so that rows before it carry at least `share` of the work (a row costs 1 + uses).
int64_t row_at(const Places& p, int64_t rows, int64_t share) {
  int64_t low = 0, high = rows;
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (p.begin[middle] + middle < share)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t n = c.shape(0).count(), C = c.shape(1).last(), rows = c.as<EmbedGrad>().rows;
  const int64_t begin_bytes = round_up((rows + 1) * 4, 64);
  const int64_t parts = (n + rows) * C < 32768 ? 1 : part_count(rows);
  const auto run = [=](const KernelArgs& args) {
    const int32_t* ids = args.i32(0);
    check_ids("embed_grad's id", ids, n, rows);
    const Places p{reinterpret_cast<int32_t*>(args.scratch),
                   reinterpret_cast<int32_t*>(args.scratch + begin_bytes)};
    group_by_id(ids, n, rows, p);
    for_each_part(n + rows, parts, [&](int64_t, int64_t first, int64_t last) {
      const int64_t end = last == n + rows ? rows : row_at(p, rows, last);
      sum_rows(args.f32(1), args.out_f32(), p, row_at(p, rows, first), end, C);
    });
  };
  return {.run = run, .scratch_bytes = begin_bytes + n * 4};
}

Cost cost(const Call& c) {
  const double n = double(c.shape(1).count());
  return {.flops = n, .bytes = 4 * (n + double(c.out_shape().count()))};
}

SampleInput ids(Shape s, double rows) {
  return {DType::kI32, s, 0, rows};
}
}  // namespace

extern const Op op_embed_grad;
const Op op_embed_grad = {.name = "embed_grad",
                          .doc = "gradient of embed: sums dy by id, in a fixed order",
                          .min_inputs = 2,
                          .max_inputs = 2,
                          .attrs = fields_of<EmbedGrad>,
                          .shape = shape,
                          .reference = reference,
                          .kernel = kernel,
                          .cost = cost,
                          .reach = reach_all,
                          .not_onnx = kOnnxGradient,
                          .samples = {{{ids({2, 4}, 5), Shape{2, 4, 3}}, {{"rows", 5}}},
                                      {{ids({1}, 1), Shape{1, 1}}, {{"rows", 1}}},
                                      {{ids({3, 13}, 7), Shape{3, 13, 33}}, {{"rows", 9}}},
                                      {{ids({37, 41}, 65), Shape{37, 41, 40}}, {{"rows", 65}}},
                                      {{ids({0, 2}, 4), Shape{0, 2, 3}}, {{"rows", 4}}}}};
}  // namespace cambium::op_embed_grad
