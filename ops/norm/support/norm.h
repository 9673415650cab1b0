// What the row norms (layer_norm, rms_norm and their gradients) share: shapes and the blocked sums
// of parameter gradients.
#pragma once
#include <array>

#include "graph/graph.h"
#include "ops/support/bf16.h"
#include "ops/support/partition.h"
#include "ops/support/pointwise.h"
#include "ops/support/reduce.h"

namespace cambium {
struct NormAttrs {
  double eps = 1e-5;
  std::string to = "f32";
  static constexpr auto fields =
      std::tuple{field("eps", &NormAttrs::eps, "added to the variance (or mean square)").in(0),
                 field("to", &NormAttrs::to, "type of y; bf16 where only products read it")
                     .one_of("f32|bf16")};

  DType dtype() const { return precision_of(to); }
};

// A norm whose only reader is a cast writes bf16 itself.
std::optional<Absorbed> absorb_cast(const Call& c, std::string_view reader,
                                    const Attrs& reader_attrs, Value operand);

// A gradient that is added to what else flows into x, input `residual`: the sum in the same pass.
std::optional<Absorbed> absorb_gradient_sum(const Call& c, int residual, std::string_view reader,
                                            Value operand);
void require_gradient_residual(const Call& c, int x, int residual);
std::vector<InPlace> gradient_in_place(const Call& c, int residual);  // dx over dy or the residual

// Runs rows(first, count, y) over all rows of n numbers, y of type f32 or bf16.
using NormRows = std::function<void(const KernelArgs&, int64_t first, int64_t count, float* y)>;
Kernel norm_kernel(int64_t rows, int64_t n, DType dtype, NormRows f);

// 1 / sqrt(variance + eps), or NaN when squares have left f32: 0 would be a wrong number.
[[gnu::always_inline]] inline float inverse_root(float variance, float eps) {
  const float root = 1 / __builtin_sqrtf(variance + eps);
  return root > 0 ? root : __builtin_nanf("");
}

constexpr int64_t kNormRows = 64;  // rows of a block; fixed, so that bits are

inline int64_t norm_blocks(int64_t rows) {
  return std::max<int64_t>(1, (rows + kNormRows - 1) / kNormRows);
}

// One number a row: the shape without its last axis.
inline Shape row_shape(const Shape& s) {
  return Shape(s.dims().first(size_t(s.rank() - 1)));
}

// Checks x [..., C] and parameters [C] at these inputs.
void require_norm_inputs(const Call& c, int x, std::span<const int> parameters);
// The same for an x of any type, which is `channels_last` in that layout.
void require_channels(const Call& c, int x, std::span<const int> parameters,
                      const Shape& channels_last);
// Checks that these inputs hold one number a row of x.
void require_row_statistics(const Call& c, int x, std::span<const int> statistics);

// Calls block(first row, rows, its row of partial sums) for each block, in parallel, then adds the
// blocks' `width` partial sums pairwise into row 0 of `partial` [norm_blocks, width].
template <class F>
void blocked_row_sums(int64_t rows, int64_t width, float* partial, const F& block) {
  const int64_t blocks = norm_blocks(rows);
  parallel_for(blocks, 16384 / (kNormRows * width + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const int64_t first = b * kNormRows;
      std::fill_n(partial + b * width, width, 0.0f);
      block(first, std::min(kNormRows, rows - first), partial + b * width);
    }
  });
  fold_tree<SumFold>(partial, blocks, width);
}
}  // namespace cambium
