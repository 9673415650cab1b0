// upsample(x [B,Y,X,C]; factor, kind) -> y [B,factor Y,factor X,C]: each pixel repeated (nearest),
// or blended from the four around its centre (bilinear).
//   dx is the transpose: upsample_grad
#include "ops/conv/support/upsample.h"

#include "ops/support/onnx/rules.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_upsample {
namespace {
std::vector<ValueType> shape(const Call& c) {
  require_f32(c, 0);
  const Shape& x = c.shape(0);
  require(x.rank() == 4, "x is [B,Y,X,C], got ", x);
  const int64_t f = c.as<Upsample>().factor;
  return {{DType::kF32, Shape{x[0], x[1] * f, x[2] * f, x[3]}}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  return {dy[0].graph->emit("upsample_grad", {dy[0]}, c.attrs)};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& a = c.as<Upsample>();
  const Shape &x = c.shape(0), &y = c.out_shape();
  for (int64_t k = 0; k < out[0].size(); ++k) {
    const int64_t channel = k % y[3], j = k / y[3] % y[2], i = k / y[3] / y[2] % y[1];
    const int64_t image = k / y[3] / y[2] / y[1];
    const Blend r = blend_of(a, i, x[1]), s = blend_of(a, j, x[2]);
    const auto at = [&](int64_t row, int64_t column) {
      return in[0][((image * x[1] + row) * x[2] + column) * x[3] + channel];
    };
    for (const auto& [row, p] : {std::pair(r.low, 1 - r.part), std::pair(r.high, r.part)})
      for (const auto& [column, q] : {std::pair(s.low, 1 - s.part), std::pair(s.high, s.part)})
        if (p * q > 0) out[0][k] += p * q * at(row, column);
  }
}

// One row of the larger grid, from the rows `low` and `high` of the smaller one.
CAMBIUM_SIMD void blend_row(const float* low, const float* high, float part, const Blend* columns,
                            int64_t count, int64_t channels, float* y) {
  for (int64_t j = 0; j < count; ++j, y += channels) {
    const float *a = low + columns[j].low * channels, *b = low + columns[j].high * channels;
    const float *c = high + columns[j].low * channels, *d = high + columns[j].high * channels;
    const auto q = float(columns[j].part);
    for (int64_t k = 0; k < channels; ++k)
      y[k] = (1 - part) * ((1 - q) * a[k] + q * b[k]) + part * ((1 - q) * c[k] + q * d[k]);
  }
}

Kernel kernel(const Call& c, Engine&) {
  const Shape x = c.shape(0), y = c.out_shape();
  const std::vector<Blend> rows = blends_of(c.as<Upsample>(), x[1]);
  const std::vector<Blend> columns = blends_of(c.as<Upsample>(), x[2]);
  const bool copies = c.as<Upsample>().kind == "nearest";
  return {.run = [=](const KernelArgs& k) {
    const int64_t from = x[2] * x[3], to = y[2] * y[3];
    parallel_for(y[0] * y[1], kPointwiseGrain / (to + 1) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        const Blend& r = rows[size_t(n % y[1])];
        const float* image = k.f32(0) + n / y[1] * x[1] * from;
        float* row = k.out_f32() + n * to;
        if (copies)
          for (int64_t j = 0; j < y[2]; ++j)
            std::copy_n(image + r.low * from + columns[size_t(j)].low * x[3], x[3], row + j * x[3]);
        else
          blend_row(image + r.low * from, image + r.high * from, float(r.part), columns.data(),
                    y[2], x[3], row);
      }
    });
  }};
}

Cost cost(const Call& c) {
  return operand_cost(c, c.as<Upsample>().kind == "nearest" ? 0 : 9);
}

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const auto& a = c.as<Upsample>();
  out[0] = in[0];
  for (int axis : {1, 2}) {
    const int64_t extent = c.shape(0)[axis];
    out[0] = along(out[0], axis, extent * a.factor, [&](int64_t o, const Hear& hear) {
      const Blend blend = blend_of(a, o, extent);
      hear(blend.low, (blend.part > 0 ? blend.high : blend.low) + 1);
    });
  }
}
}  // namespace

extern const Op op_upsample = {
    .name = "upsample",
    .doc = "a grid with `factor` times the rows and columns",
    .attrs = fields_of<Upsample>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .onnx = onnx_upsample,
    .samples = {{{Shape{2, 3, 4, 5}}},
                {{Shape{2, 4, 3, 19}}, {{"kind", "bilinear"}}},
                {{Shape{1, 2, 5, 3}}, {{"kind", "bilinear"}, {"factor", 3}}},
                {{Shape{1, 1, 1, 1}}, {{"kind", "bilinear"}, {"factor", 4}}},
                {{Shape{2, 3, 2, 2}}, {{"factor", 1}}},
                {{Shape{2, 0, 3, 4}}, {{"kind", "bilinear"}}},
                {{Shape{0, 2, 3, 4}}}},
};
}  // namespace cambium::op_upsample
