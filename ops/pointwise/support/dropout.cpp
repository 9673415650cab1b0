#include "ops/pointwise/support/dropout.h"

#include <cstring>

#include "core/system/parallel.h"

namespace cambium {
namespace {
// Whole blocks [first, last) of 64 elements; the last one may be cut at `n`.
CAMBIUM_SIMD void apply_mask(const DropoutMask& mask, const float* x, float* y, int64_t first,
                             int64_t last, int64_t n) {
  constexpr int64_t kBlock = DropoutMask::kBlock;
  for (int64_t block = first; block < last; ++block) {
    float factors[kBlock];
    mask.block_factors(block, factors);
    const int64_t base = block * kBlock, count = std::min(kBlock, n - base);
    const auto kept = [&](int64_t i) { return factors[i] > 0 ? x[base + i] * factors[i] : 0.0f; };
    if (count == kBlock)
      for (int64_t i = 0; i < kBlock; ++i) y[base + i] = kept(i);
    else
      for (int64_t i = 0; i < count; ++i) y[base + i] = kept(i);
  }
}
}  // namespace

void require_rng(const Call& c, int i) {
  require(c.has(i) && c.dtype(i) == DType::kI64 && c.shape(i) == Shape{2},
          "dropout needs a random state i64[2] = {seed, step}",
          c.has(i) ? str(", got ", c.in[size_t(i)].type()) : std::string());
}

DropoutMask mask_of(const Ref& rng, int64_t stream, double p) {
  return {int64_t(rng[0]), int64_t(rng[1]), stream, p};
}

std::vector<ValueType> dropout_shape(const Call& c) {
  require(c.dtype(0) == DType::kF32, "x must be f32, got ", c.in[0].type());
  require_rng(c, 1);
  return {c.in[0].type()};
}

void dropout_reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& a = c.as<Dropout>();
  const DropoutMask mask = mask_of(in[1], a.stream, a.p);
  for (int64_t i = 0; i < in[0].size(); ++i) out[0][i] = mask.drops(i) ? 0 : in[0][i] / (1 - a.p);
}

Kernel dropout_kernel(const Call& c, Engine&) {
  const auto a = c.as<Dropout>();
  const int64_t n = c.shape(0).count();
  const auto run = [a, n](const KernelArgs& args) {
    const float* x = args.f32(0);
    float* y = args.out_f32();
    if (a.p == 0) {
      if (x != y && n > 0) std::memcpy(y, x, size_t(n) * sizeof(float));
      return;
    }
    const DropoutMask mask(args.i64(1)[0], args.i64(1)[1], a.stream, a.p);
    const int64_t blocks = (n + DropoutMask::kBlock - 1) / DropoutMask::kBlock;
    parallel_for(blocks, 256,
                 [&](int64_t first, int64_t last) { apply_mask(mask, x, y, first, last, n); });
  };
  return {.run = run};
}

Cost dropout_cost(const Call& c) {
  const double n = double(c.shape(0).count());
  return {.flops = n, .bytes = 8 * n};
}

std::vector<Sample> dropout_samples() {
  const SampleInput rng(DType::kI64, {2}, 0, 1000);
  return {{{Shape{3, 5}, rng}, {{"p", 0.5}, {"stream", 7}}},
          {{Shape{1}, rng}, {{"p", 0.1}}},
          {{Shape{2, 67}, rng}, {{"p", 0.25}, {"stream", -3}}},
          {{Shape{40, 421}, rng}, {{"p", 0.9}}},
          {{Shape{4, 3}, rng}, {{"p", 0.0}}},
          {{Shape{0, 3}, rng}, {{"p", 0.5}}}};
}
}  // namespace cambium
