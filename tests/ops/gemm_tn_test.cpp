// The own products of weight gradients, on every machine that can run them: which of them, or
// oneDNN, serves an operator depends on the processor.
#include "ops/product/support/gemm_tn.h"

#include <gtest/gtest.h>

#include "core/rng.h"
#include "core/system/parallel.h"
#include "core/tensor/bf16.h"

namespace cambium::gemm_tn_test {
namespace {
struct Operand {
  std::vector<float> wide;
  std::vector<uint16_t> narrow;

  Operand(int64_t count, DType type, std::string_view name)
      : wide(size_t(count)), narrow(size_t(count)) {
    Random random(3, stream_of(name));
    for (size_t i = 0; i < wide.size(); ++i) {
      narrow[i] = to_bf16(float(random.normal()));
      wide[i] = from_bf16(narrow[i]);
    }
    if (type == DType::kF32) narrow.clear();
  }

  const void* data() const {
    return narrow.empty() ? static_cast<const void*>(wide.data()) : narrow.data();
  }
};

struct Result {
  std::vector<float> c, sums;

  bool operator==(const Result&) const = default;
};

Result product_of(const GemmTn& g, const Operand& a, const Operand& b) {
  const Kernel kernel = gemm_tn_kernel(g);
  Result r{std::vector<float>(size_t(g.m * g.n), -1), std::vector<float>(size_t(g.n), -1)};
  std::vector<std::byte> scratch(size_t(kernel.scratch_bytes) + 64);
  const void* in[] = {a.data(), b.data()};
  void* out[] = {r.c.data(), r.sums.data()};
  const auto aligned = (reinterpret_cast<uintptr_t>(scratch.data()) + 63) / 64 * 64;
  kernel.run({.in = in, .out = out, .scratch = reinterpret_cast<std::byte*>(aligned)});
  return r;
}

void expect_product(const GemmTn& g) {
  const Operand a(g.rows * g.m, g.dtype, "a"), b(g.rows * g.n, g.dtype, "b");
  const auto [c, sums] = product_of(g, a, b);
  for (int64_t i = 0; i < g.m; ++i)
    for (int64_t j = 0; j < g.n; ++j) {
      double sum = 0;
      for (int64_t r = 0; r < g.rows; ++r)
        sum += double(a.wide[size_t(r * g.m + i)]) * double(b.wide[size_t(r * g.n + j)]);
      ASSERT_NEAR(c[size_t(i * g.n + j)], sum, 1e-5 * double(g.rows)) << i << " " << j;
    }
  for (int64_t j = 0; j < g.n; ++j) {
    double sum = 0;
    for (int64_t r = 0; r < g.rows; ++r) sum += double(b.wide[size_t(r * g.n + j)]);
    ASSERT_NEAR(sums[size_t(j)], sum, 1e-5 * double(g.rows)) << j;
  }
}

TEST(GemmTn, MultipliesInF32) {
  expect_product({300, 65, 33, DType::kF32, true});
  expect_product({513, 128, 96, DType::kF32, true});
  expect_product({257, 600, 20, DType::kF32, true});
}

TEST(GemmTn, MultipliesInBf16WhereTheProcessorCan) {
  for (const GemmTn& g :
       {GemmTn{300, 64, 96, DType::kBf16, true}, GemmTn{1031, 1024, 32, DType::kBf16, true},
        GemmTn{300, 72, 96, DType::kBf16, true}})
    if (suits_gemm_tn(g)) expect_product(g);
}

TEST(GemmTn, HasTheSameBitsOnAnyNumberOfThreads) {
  const GemmTn narrow{700, 96, 160, DType::kBf16, true}, wide{700, 96, 160, DType::kF32, true};
  const GemmTn g = suits_gemm_tn(narrow) ? narrow : wide;
  const Operand a(g.rows * g.m, g.dtype, "a"), b(g.rows * g.n, g.dtype, "b");
  std::vector<Result> results;
  const int before = thread_count();
  for (int threads : {1, 2, 3}) {
    set_thread_count(threads);
    results.push_back(product_of(g, a, b));
  }
  set_thread_count(before);
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}
}  // namespace
}  // namespace cambium::gemm_tn_test
