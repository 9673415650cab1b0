// upsample_grad(dy [B,factor Y,factor X,C]; factor, kind) -> dx [B,Y,X,C]: what flows back to each
// pixel from all that were made of it. Every thread gathers for its own rows of dx.
#include "ops/conv/support/upsample.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_upsample_grad {
namespace {
std::vector<ValueType> shape(const Call& c) {
  require_f32(c, 0);
  const Shape& y = c.shape(0);
  const int64_t f = c.as<Upsample>().factor;
  require(y.rank() == 4 && y[1] % f == 0 && y[2] % f == 0, "dy is [B,", f, " Y,", f, " X,C], got ",
          y);
  return {{DType::kF32, Shape{y[0], y[1] / f, y[2] / f, y[3]}}};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& a = c.as<Upsample>();
  const Shape &y = c.shape(0), &x = c.out_shape();
  for (int64_t k = 0; k < in[0].size(); ++k) {
    const int64_t channel = k % y[3], j = k / y[3] % y[2], i = k / y[3] / y[2] % y[1];
    const int64_t image = k / y[3] / y[2] / y[1];
    const Blend r = blend_of(a, i, x[1]), s = blend_of(a, j, x[2]);
    const auto add = [&](int64_t row, int64_t column, double weight) {
      if (weight > 0)
        out[0][((image * x[1] + row) * x[2] + column) * x[3] + channel] += weight * in[0][k];
    };
    const double p = r.part, q = s.part;
    add(r.low, s.low, (1 - p) * (1 - q));
    add(r.low, s.high, (1 - p) * q);
    add(r.high, s.low, p * (1 - q));
    add(r.high, s.high, p * q);
  }
}

// The pixels of the larger axis that hold a part of pixel `at`, and how much.
struct Share {
  int64_t from;
  float weight;
};

std::vector<std::vector<Share>> shares_of(const Upsample& a, int64_t extent) {
  std::vector<std::vector<Share>> shares(static_cast<size_t>(extent));
  const std::vector<Blend> blends = blends_of(a, extent);
  for (size_t i = 0; i < blends.size(); ++i) {
    const Blend& b = blends[i];
    shares[size_t(b.low)].push_back({int64_t(i), float(1 - b.part)});
    if (b.part > 0) shares[size_t(b.high)].push_back({int64_t(i), float(b.part)});
  }
  return shares;
}

CAMBIUM_SIMD void add_scaled(const float* x, float weight, float* y, int64_t n) {
  for (int64_t k = 0; k < n; ++k) y[k] += weight * x[k];
}

Kernel kernel(const Call& c, Engine&) {
  const Shape y = c.shape(0), x = c.out_shape();
  const auto rows = shares_of(c.as<Upsample>(), x[1]);
  const auto columns = shares_of(c.as<Upsample>(), x[2]);
  return {.run = [=](const KernelArgs& k) {
    const int64_t from = y[2] * y[3], to = x[2] * x[3];
    parallel_for(x[0] * x[1], kPointwiseGrain / (to + 1) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        const float* image = k.f32(0) + n / x[1] * y[1] * from;
        float* row = k.out_f32() + n * to;
        std::fill_n(row, to, 0.0f);
        for (const Share& r : rows[size_t(n % x[1])])
          for (int64_t j = 0; j < x[2]; ++j)
            for (const Share& s : columns[size_t(j)])
              add_scaled(image + r.from * from + s.from * y[3], r.weight * s.weight, row + j * x[3],
                         x[3]);
      }
    });
  }};
}

Cost cost(const Call& c) {
  Cost cost = operand_cost(c, 0);
  cost.flops = (c.as<Upsample>().kind == "nearest" ? 2.0 : 8.0) * double(c.shape(0).count());
  return cost;
}
}  // namespace

extern const Op op_upsample_grad = {
    .name = "upsample_grad",
    .doc = "gradient of upsample: sums over the pixels that came from one",
    .attrs = fields_of<Upsample>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .not_onnx = kOnnxGradient,
    .samples = {{{Shape{2, 6, 8, 5}}},
                {{Shape{2, 8, 6, 19}}, {{"kind", "bilinear"}}},
                {{Shape{1, 6, 15, 3}}, {{"kind", "bilinear"}, {"factor", 3}}},
                {{Shape{1, 4, 4, 1}}, {{"kind", "bilinear"}, {"factor", 4}}},
                {{Shape{0, 2, 4, 4}}}},
};
}  // namespace cambium::op_upsample_grad
