// Resizing, against numbers worked out by hand.
#include "train/weights/resize.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

namespace cambium::resize_test {
namespace {
using Numbers = std::vector<float>;

const ResizeKind& kind(std::string_view name) {
  return *std::ranges::find(resize_kinds(), name, &ResizeKind::name);
}

Tensor filled(const Shape& shape, const Numbers& numbers) {
  Tensor t(DType::kF32, shape);
  std::ranges::copy(numbers, t.f32().begin());
  return t;
}

Numbers resized(std::string_view name, const Tensor& from, Tensor to) {
  EXPECT_EQ(kind(name).objection(from.shape(), to.shape()), "");
  kind(name).apply(from, to);
  return {to.f32().begin(), to.f32().end()};
}

TEST(Resize, RowsThatBothHaveAreTakenAndTheRestStay) {
  const Tensor from = filled({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(resized("by_rows", from, filled({3, 3}, {9, 9, 9, 9, 9, 9, 7, 8, 9})),
            (Numbers{1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(resized("by_rows", from, Tensor(DType::kF32, {1, 3})), (Numbers{1, 2, 3}));
  EXPECT_EQ(resized("by_rows", filled({2}, {1, 2}), filled({3}, {0, 0, 5})), (Numbers{1, 2, 5}));
  EXPECT_NE(kind("by_rows").objection({2, 3}, {3, 4}), "");
  EXPECT_NE(kind("by_rows").objection({2, 3}, {2}), "");
}

TEST(Resize, ChannelsAreSummedSoThatGreyAnswersAsThreeEqualChannels) {
  // [1,2,3,2]: per place three channels of two outputs.
  const Tensor from = filled({1, 2, 3, 2}, {1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60});
  EXPECT_EQ(resized("sum_channels", from, Tensor(DType::kF32, {1, 2, 1, 2})),
            (Numbers{9, 12, 90, 120}));
  EXPECT_NE(kind("sum_channels").objection({1, 2, 1, 2}, {1, 2, 3, 2}), "");
  EXPECT_NE(kind("sum_channels").objection({1, 2, 3, 2}, {1, 2, 1, 3}), "");
  EXPECT_NE(kind("sum_channels").objection({3, 2}, {1, 2}), "");
}

// torch.nn.functional.interpolate([0, 4, 8], mode="linear", align_corners=False), sizes 6 and 2.
TEST(Resize, PositionsInALineAreInterpolatedLinearly) {
  const Tensor from = filled({3, 1}, {0, 4, 8});
  EXPECT_EQ(resized("interpolate", from, Tensor(DType::kF32, {6, 1})), (Numbers{0, 1, 3, 5, 7, 8}));
  EXPECT_EQ(resized("interpolate", from, Tensor(DType::kF32, {2, 1})), (Numbers{1, 7}));
  EXPECT_EQ(resized("interpolate", filled({1, 2}, {3, 4}), Tensor(DType::kF32, {2, 2})),
            (Numbers{3, 4, 3, 4}));
  EXPECT_NE(kind("interpolate").objection({3, 1}, {3, 2}), "");
  EXPECT_NE(kind("interpolate").objection({0, 1}, {3, 1}), "");
}

// A plane stays a plane between the outer middles, in both directions.
TEST(Resize, PositionsOfASquareAreInterpolatedInBothDirections) {
  const Tensor from = filled({4, 1}, {0, 4, 8, 12});  // 8 y + 4 x
  EXPECT_EQ(resized("interpolate_grid", from, Tensor(DType::kF32, {16, 1})),
            (Numbers{0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12}));
  EXPECT_EQ(resized("interpolate_grid", from, Tensor(DType::kF32, {1, 1})), (Numbers{6}));
  EXPECT_NE(kind("interpolate_grid").objection({4, 1}, {8, 1}), "");
}
}  // namespace
}  // namespace cambium::resize_test
