// scored_rows: where the scored targets stand, so that a head over a large vocabulary is computed
// for their rows alone.
//   target: i32 [...], below 0 = not scored   index, kept: i32 [most]
//   index[k] = the row of the k-th scored target in row order, kept[k] = that target; when there
//   are fewer than `most`, the rest has index 0 and kept -1 (which no loss scores).
// RuntimeError when more than `most` are scored. No gradient: everything is an integer.
#include <algorithm>

#include "graph/graph.h"
#include "ops/support/reach.h"
#include "ops/support/shapes.h"

namespace cambium::op_scored_rows {
namespace {
struct ScoredRows {
  int64_t most = 0;
  static constexpr auto fields = std::tuple{
      field("most", &ScoredRows::most, "rows of the result: a bound on the scored targets").in(0)};
};

std::vector<ValueType> shape(const Call& c) {
  require(c.dtype(0) == DType::kI32, "targets are ", name_of(c.dtype(0)), ", not i32");
  const int64_t most = c.as<ScoredRows>().most, rows = c.shape(0).count();
  require(most <= rows, "most = ", most, " is more than the ", rows, " targets");
  return {{DType::kI32, {most}}, {DType::kI32, {most}}};
}

// Calls put(k, row) for the k-th scored row; the number of them.
template <class Targets, class Put>
int64_t each_scored(const Targets& target, int64_t rows, int64_t most, const Put& put) {
  int64_t found = 0;
  for (int64_t r = 0; r < rows; ++r) {
    if (target[r] < 0) continue;
    if (found == most)
      throw RuntimeError(str("more than ", most, " targets of a batch are scored"),
                         "the dataset promised fewer: DataShape::most_scored");
    put(found++, r);
  }
  return found;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t most = c.as<ScoredRows>().most;
  for (int64_t k = 0; k < most; ++k) out[1][k] = -1;
  each_scored(in[0], c.shape(0).count(), most, [&](int64_t k, int64_t row) {
    out[0][k] = double(row);
    out[1][k] = in[0][row];
  });
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t rows = c.shape(0).count(), most = c.as<ScoredRows>().most;
  return {.run = [=](const KernelArgs& k) {
    const int32_t* target = k.i32(0);
    auto *index = static_cast<int32_t*>(k.out[0]), *kept = static_cast<int32_t*>(k.out[1]);
    const int64_t found = each_scored(target, rows, most, [&](int64_t at, int64_t row) {
      index[at] = int32_t(row);
      kept[at] = target[row];
    });
    std::fill(index + found, index + most, 0);
    std::fill(kept + found, kept + most, -1);
  }};
}

Cost cost(const Call& c) {
  return {0, 4 * double(c.shape(0).count() + 2 * c.as<ScoredRows>().most)};
}
}  // namespace

extern const Op op_scored_rows = {
    .name = "scored_rows",
    .doc = "the places of the scored targets, and those targets",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs = fields_of<ScoredRows>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .not_onnx = kOnnxLoss,
    .samples = {{{{DType::kI32, Shape{9}, -1, 3}}, {{"most", 9}}},
                {{{DType::kI32, Shape{3, 5}, -3, 2}}, {{"most", 14}}},
                {{{DType::kI32, Shape{4}, -2, 0}}, {{"most", 2}}},
                {{{DType::kI32, Shape{1}, 0, 2}}, {{"most", 1}}},
                {{{DType::kI32, Shape{0}, 0, 2}}, {{"most", 0}}}},
};
}  // namespace cambium::op_scored_rows
