// sample_classes: the distribution of what it draws.
#include <cmath>

#include <gtest/gtest.h>

#include "tests/support/op_case.h"

namespace cambium::sample_classes_test {
namespace {
// Draws of 4,000 equal rows over 700 classes, so that the kernel skips a chunk; every tenth row is
// not scored.
std::vector<int32_t> draw(int64_t seed, int64_t step) {
  const int64_t rows = 4'000, classes = 700;
  Engine engine;
  const Op& op = Graph(builtin_ops()).op("sample_classes");
  OpCase c(op, {{Shape{rows, classes}, {DType::kI32, Shape{rows}}, {DType::kI64, Shape{2}}}});
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t v = 0; v < classes; ++v) c.tensors[0].f32()[size_t(r * classes + v)] = -30;
    c.tensors[0].f32()[size_t(r * classes + 3)] = std::log(0.2f);
    c.tensors[0].f32()[size_t(r * classes + 690)] = std::log(0.7f);
    c.tensors[0].f32()[size_t(r * classes + 699)] = std::log(0.1f);
    c.tensors[1].i32()[size_t(r)] = r % 10 == 0 ? -1 : 5;
  }
  c.tensors[2].i64()[0] = seed;
  c.tensors[2].i64()[1] = step;
  const Tensor out = std::move(c.run(op.kernel(c.call(), engine))[0]);
  return {out.i32().begin(), out.i32().end()};
}

TEST(SampleClasses, FollowsSoftmaxWhereTargetsAreScored) {
  const std::vector<int32_t> drawn = draw(1, 2);
  const auto share = [&](int32_t v) { return double(std::ranges::count(drawn, v)) / 4'000; };
  EXPECT_NEAR(share(-1), 0.1, 1e-9);
  EXPECT_NEAR(share(3), 0.9 * 0.2, 0.025);
  EXPECT_NEAR(share(690), 0.9 * 0.7, 0.025);
  EXPECT_NEAR(share(699), 0.9 * 0.1, 0.025);
  EXPECT_NEAR(share(-1) + share(3) + share(690) + share(699), 1, 1e-9);
  for (size_t r = 0; r < drawn.size(); r += 10) ASSERT_EQ(drawn[r], -1);
}

TEST(SampleClasses, DrawsAnewWithSeedAndStep) {
  const std::vector<int32_t> drawn = draw(1, 2);
  EXPECT_EQ(drawn, draw(1, 2));
  for (const auto& other : {draw(1, 3), draw(2, 2)}) {
    int64_t differ = 0;
    for (size_t r = 0; r < drawn.size(); ++r) differ += drawn[r] != other[r];
    EXPECT_NEAR(double(differ) / 4'000, 0.9 * (1 - 0.04 - 0.49 - 0.01), 0.03);
  }
}
}  // namespace
}  // namespace cambium::sample_classes_test
