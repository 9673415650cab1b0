// What adafactor_update does to one tensor.
#pragma once
#include "graph/op.h"

namespace cambium {
struct AdafactorAttrs {
  double beta2_decay = 0.8, eps1 = 1.1920928955078125e-7, eps2 = 1e-3, clip = 1;
  std::vector<double> weight_decay, lr_scale;
  static constexpr auto fields = std::tuple{
      field("beta2_decay", &AdafactorAttrs::beta2_decay,
            "the mean of squares moves to the newest by step^-beta2_decay")
          .in(0, 1),
      field("eps1", &AdafactorAttrs::eps1, "least root of a mean square").in(1e-18, 1),
      field("eps2", &AdafactorAttrs::eps2, "least size of a tensor, which scales its step").in(0),
      field("clip", &AdafactorAttrs::clip, "largest root mean square of a step before lr").in(1e-6),
      field("weight_decay", &AdafactorAttrs::weight_decay, "decay of each tensor; empty: 0").in(0),
      field("lr_scale", &AdafactorAttrs::lr_scale, "factor on lr of each tensor; empty: 1").in(0)};
};

// A tensor as `batch` matrices, or, below rank 2, as one row whose squares are kept whole.
struct FactoredShape {
  bool factored;
  int64_t batch = 1, rows = 1, columns;
  Shape row_shape, column_shape;  // of the states; column_shape only when factored

  explicit FactoredShape(const Shape& p);

  int64_t blocks() const;  // a matrix is cut every 64 rows, a row every 16384 elements
  int64_t scratch_bytes() const;
};

int adafactor_tensors(const Call& c);

struct AdafactorBuffers {
  const float *p, *g, *a, *b;
  float *to, *to_a, *to_b;
  std::byte* scratch;
};

struct AdafactorRates {
  float scale;
  double lr, decay, step, t;
};

void adafactor_step(const FactoredShape& f, const AdafactorBuffers& x, const AdafactorRates& r,
                    const AdafactorAttrs& o);
}  // namespace cambium
