// cast: the same numbers in another precision. To bf16 they are rounded to the nearest, ties to
// even.
//   dx = dy in the precision of x
#include <cstring>

#include "core/system/parallel.h"
#include "graph/graph.h"
#include "ops/conv/support/blocked.h"
#include "ops/support/bf16.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_cast {
namespace {
DType target(const Call& c) {
  return c.as<Cast>().to == "bf16" ? DType::kBf16 : DType::kF32;
}

std::vector<ValueType> shape(const Call& c) {
  require_float(c, 0);
  return {{target(c), c.shape(0)}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const bool wide = c.dtype(0) == DType::kF32;
  return {dy[0].graph->emit("cast", {dy[0]}, {{"to", wide ? "f32" : "bf16"}})};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const bool narrow = target(c) == DType::kBf16;
  for (int64_t i = 0; i < in[0].size(); ++i)
    out[0][i] = narrow ? from_bf16(to_bf16(float(in[0][i]))) : in[0][i];
}

CAMBIUM_SIMD void round_range(const float* x, float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = from_bf16(to_bf16(x[i]));
}

RangeFunction range(const Call& c) {
  if (target(c) == DType::kBf16)
    return [](const float* const* in, float* y, int64_t n) { round_range(in[0], y, n); };
  return [](const float* const* in, float* y, int64_t n) {
    if (y != in[0]) std::copy_n(in[0], n, y);
  };
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t n = c.shape(0).count();
  const DType from = c.dtype(0), to = target(c);
  if (from == to)
    return {.run = [bytes = n * size_of(to)](const KernelArgs& k) {
      std::memcpy(k.out[0], k.in[0], size_t(bytes));
    }};
  if (to == DType::kBf16)
    return {.run = [n](const KernelArgs& k) {
      parallel_for(n, kPointwiseGrain, [&](int64_t begin, int64_t end) {
        narrow_range(k.f32(0) + begin, static_cast<uint16_t*>(k.out[0]) + begin, end - begin);
      });
    }};
  return {.run = [n](const KernelArgs& k) {
    parallel_for(n, kPointwiseGrain, [&](int64_t begin, int64_t end) {
      widen_range(static_cast<const uint16_t*>(k.in[0]) + begin, k.out_f32() + begin, end - begin);
    });
  }};
}

Cost cost(const Call& c) {
  return operand_cost(c, 0);
}

// Either way it reads bf16 as well: to bf16 it then changes nothing.
Bf16Use in_bf16(const Call& c) {
  if (target(c) != DType::kBf16 && c.dtype(0) != DType::kBf16) return {};
  return {.reads = {0}};
}

std::optional<BlockedUse> in_blocks(const Call& c) {
  const Shape& s = c.out_shape();
  if (s.rank() != 4 || s[3] % kBlockChannels != 0) return std::nullopt;
  return BlockedUse{{0}, true, c.attrs};
}
}  // namespace

extern const Op op_cast = {
    .name = "cast",
    .doc = "the same numbers in f32 or bf16",
    .attrs = fields_of<Cast>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .range = range,
    .cost = cost,
    .reach = reach_pointwise,
    .bf16 = in_bf16,
    .blocked = in_blocks,
    .onnx = onnx_identity,
    .smooth = false,  // rounding is a staircase
    .samples = {{{Shape{3, 5}}},
                {{Shape{1}}},
                {{Shape{0, 4}}},
                {{Shape{70, 33}}},
                {{Shape{4, 3}}, {{"to", "f32"}}},
                {{SampleInput(DType::kBf16, {9, 7}, -2, 2)}, {{"to", "f32"}}},
                {{SampleInput(DType::kBf16, {33}, -2, 2)}}}};
}  // namespace cambium::op_cast
