// What dropout and dropout_grad share: y_i = x_i * factor_i. The gradient is the same product.
#pragma once
#include "graph/op.h"
#include "ops/pointwise/support/dropout_mask.h"

namespace cambium {
struct Dropout {
  double p = 0.1;
  int64_t stream = 0;
  static constexpr auto fields = std::tuple{
      field("p", &Dropout::p, "probability that an element becomes 0").in(0, 0.999999),
      field("stream", &Dropout::stream, "name of the random stream (stream_of the block's path)")
          .any()};
};

std::vector<ValueType> dropout_shape(const Call& c);
void dropout_reference(const Call& c, std::span<const Ref> in, std::span<Ref> out);
Kernel dropout_kernel(const Call& c, Engine&);
Cost dropout_cost(const Call& c);
std::vector<Sample> dropout_samples();

// The mask of an op whose optional rng input (i64 [2] = {seed, step}) is `rng`.
DropoutMask mask_of(const Ref& rng, int64_t stream, double p);

// UserError unless input i is i64 [2].
void require_rng(const Call& c, int i);
}  // namespace cambium
