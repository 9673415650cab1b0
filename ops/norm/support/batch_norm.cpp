#include "ops/norm/support/batch_norm.h"

namespace cambium {
namespace {
template <bool kRelu, class X, class Y>
CAMBIUM_SIMD void transform_range(const X* x, Y* y, int64_t n, const float* mean,
                                  const float* scale, const float* beta, int64_t period) {
  for (int64_t i = 0; i < n; i += period, x += period, y += period) {
    const int64_t width = n - i < period ? n - i : period;
#pragma GCC ivdep
    for (int64_t j = 0; j < width; ++j) {
      const float z = (wide(x[j]) - mean[j]) * scale[j] + beta[j];
      put(y[j], kRelu && z < 0 ? 0 : z);
    }
  }
}

// With the residual r.
template <bool kRelu, class X, class R, class Y>
CAMBIUM_SIMD void residual_range(const X* x, const R* r, Y* y, int64_t n, const float* mean,
                                 const float* scale, const float* beta, int64_t period) {
  for (int64_t i = 0; i < n; i += period, x += period, r += period, y += period) {
    const int64_t width = n - i < period ? n - i : period;
#pragma GCC ivdep
    for (int64_t j = 0; j < width; ++j) {
      const float z = (wide(x[j]) - mean[j]) * scale[j] + beta[j] + wide(r[j]);
      put(y[j], kRelu && z < 0 ? 0 : z);
    }
  }
}
}  // namespace

NormTransform::NormTransform(const Call& c, int64_t period, int residual)
    : from(c.dtype(0)),
      to(c.as<BatchNormAttrs>().dtype()),
      relu(c.as<BatchNormAttrs>().activation == "relu"),
      runs(c, 0),
      period(period),
      residual(c.has(residual) ? residual : -1) {
  if (c.has(residual)) residual_type = c.dtype(residual);
}

void NormTransform::operator()(const KernelArgs& k, const float* mean, const float* scale,
                               const float* beta) const {
  for_each_period(runs, period, [&](int64_t at, int64_t count, int64_t group) {
    const float *m = mean + group * period, *s = scale + group * period, *b = beta + group * period;
    with_elements(from, k.in[0], at, [&](const auto* x) {
      with_elements(to, k.out[0], at, [&](auto* y) {
        if (residual >= 0)
          with_elements(residual_type, k.in[residual], at, [&](const auto* r) {
            if (relu)
              residual_range<true>(x, r, y, count, m, s, b, period);
            else
              residual_range<false>(x, r, y, count, m, s, b, period);
          });
        else if (relu)
          transform_range<true>(x, y, count, m, s, b, period);
        else
          transform_range<false>(x, y, count, m, s, b, period);
      });
    });
  });
}

void normalise_in_plain_layout(const Call& c, std::span<const Ref> in, std::span<Ref> out,
                               void (*reference)(const Call&, std::span<const Ref>,
                                                 std::span<Ref>)) {
  if (!c.as<BatchNormAttrs>().blocked) return reference(c, in, out);
  in_plain_layout(c, in, out, [&](auto from, auto to) { reference(c, from, to); });
}

std::vector<InPlace> norm_in_place(const Call& c) {
  return c.dtype(0) == c.out[0].type().dtype ? first_in_place(c) : std::vector<InPlace>{};
}

void require_residual(const Call& c, int i) {
  if (!c.has(i)) return;
  require_float(c, i);
  require(c.shape(i) == c.shape(0), "the residual is ", c.shape(i), ", x ", c.shape(0));
}

void require_row_mask(const Call& c, int x, int i) {
  if (!c.has(i)) return;
  require(!c.as<BatchNormAttrs>().blocked, "an image in blocks takes no mask of rows");
  const ValueType want{DType::kF32, {c.shape(x).rows()}};
  require(c.in[size_t(i)].type() == want, "the mask is ", c.in[size_t(i)].type().text(),
          ", not one number a row: ", want.text());
}

std::optional<Absorbed> absorb_into_norm(const Call& c, int residual, std::string_view reader,
                                         Value operand) {
  auto attrs = c.as<BatchNormAttrs>();
  if (attrs.activation != "none" || attrs.to == "bf16") return {};
  std::vector<Value> inputs(c.in.begin(), c.in.end());
  if (reader == "relu") {
    attrs.activation = "relu";
    return Absorbed{inputs, attrs};
  }
  if (reader != "add" || !operand || c.has(residual) || operand.shape() != c.shape(0)) return {};
  inputs.resize(std::max(inputs.size(), size_t(residual) + 1));  // a mask may stand behind it
  inputs[size_t(residual)] = operand;
  return Absorbed{inputs, attrs};
}

void require_batch_norm_inputs(const Call& c, int x, std::span<const int> parameters) {
  require_float(c, x);
  const bool blocked = c.as<BatchNormAttrs>().blocked;
  require(!blocked || is_blocked(c.shape(x)), "x is no image in blocks: ", c.shape(x));
  require_channels(c, x, parameters, blocked ? plain_shape(c.shape(x)) : c.shape(x));
}
}  // namespace cambium
