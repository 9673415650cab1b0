// Resizing, against numbers worked out by hand.
#include "train/weights/resize.h"

#include <algorithm>
#include <string>
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

std::string objection(std::string_view name, const Shape& from, const Shape& to) {
  return kind(name).objection({.from = from, .to = to});
}

Numbers resized(std::string_view name, const Tensor& from, Tensor to) {
  EXPECT_EQ(objection(name, from.shape(), to.shape()), "");
  kind(name).apply({}, from, to);
  return {to.f32().begin(), to.f32().end()};
}

TEST(Resize, RowsThatBothHaveAreTakenAndTheRestStay) {
  const Tensor from = filled({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(resized("by_rows", from, filled({3, 3}, {9, 9, 9, 9, 9, 9, 7, 8, 9})),
            (Numbers{1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(resized("by_rows", from, Tensor(DType::kF32, {1, 3})), (Numbers{1, 2, 3}));
  EXPECT_EQ(resized("by_rows", filled({2}, {1, 2}), filled({3}, {0, 0, 5})), (Numbers{1, 2, 5}));
  EXPECT_NE(objection("by_rows", {2, 3}, {3, 4}), "");
  EXPECT_NE(objection("by_rows", {2, 3}, {2}), "");
}

TEST(Resize, ChannelsAreSummedSoThatGreyAnswersAsThreeEqualChannels) {
  // [1,2,3,2]: per place three channels of two outputs.
  const Tensor from = filled({1, 2, 3, 2}, {1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60});
  EXPECT_EQ(resized("sum_channels", from, Tensor(DType::kF32, {1, 2, 1, 2})),
            (Numbers{9, 12, 90, 120}));
  EXPECT_NE(objection("sum_channels", {1, 2, 1, 2}, {1, 2, 3, 2}), "");
  EXPECT_NE(objection("sum_channels", {1, 2, 3, 2}, {1, 2, 1, 3}), "");
  EXPECT_NE(objection("sum_channels", {3, 2}, {1, 2}), "");
}

// torch.nn.functional.interpolate([0, 4, 8], mode="linear", align_corners=False), sizes 6 and 2.
TEST(Resize, PositionsInALineAreInterpolatedLinearly) {
  const Tensor from = filled({3, 1}, {0, 4, 8});
  EXPECT_EQ(resized("interpolate", from, Tensor(DType::kF32, {6, 1})), (Numbers{0, 1, 3, 5, 7, 8}));
  EXPECT_EQ(resized("interpolate", from, Tensor(DType::kF32, {2, 1})), (Numbers{1, 7}));
  EXPECT_EQ(resized("interpolate", filled({1, 2}, {3, 4}), Tensor(DType::kF32, {2, 2})),
            (Numbers{3, 4, 3, 4}));
  EXPECT_NE(objection("interpolate", {3, 1}, {3, 2}), "");
  EXPECT_NE(objection("interpolate", {0, 1}, {3, 1}), "");
}

// A plane stays a plane between the outer middles, in both directions.
TEST(Resize, PositionsOfASquareAreInterpolatedInBothDirections) {
  const Tensor from = filled({4, 1}, {0, 4, 8, 12});  // 8 y + 4 x
  EXPECT_EQ(resized("interpolate_grid", from, Tensor(DType::kF32, {16, 1})),
            (Numbers{0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12}));
  EXPECT_EQ(resized("interpolate_grid", from, Tensor(DType::kF32, {1, 1})), (Numbers{6}));
  EXPECT_NE(objection("interpolate_grid", {4, 1}, {8, 1}), "");
}

// Three heads of width 2 become one, their mean, and one becomes three copies; of 4 heads in groups
// of 2 the query heads 2 and 3 had key head 1 before and have it after.
TEST(Resize, KeyHeadsAreAveragedInGroupsOrCopied) {
  const auto regrouped = [](const Tensor& from, Tensor to) {
    EXPECT_EQ(
        kind("regroup_heads").objection({.from = from.shape(), .to = to.shape(), .head_width = 2}),
        "");
    kind("regroup_heads").apply({.head_width = 2}, from, to);
    return Numbers(to.f32().begin(), to.f32().end());
  };
  const Tensor three = filled({3, 6}, {1, 2, 3, 4, 5, 9,       //
                                       0, 0, 30, 60, 90, 120,  //
                                       7, 7, 7, 7, 7, 7});
  EXPECT_EQ(regrouped(three, Tensor(DType::kF32, {3, 2})), (Numbers{3, 5, 40, 60, 7, 7}));
  EXPECT_EQ(regrouped(filled({2}, {4, 5}), Tensor(DType::kF32, {6})), (Numbers{4, 5, 4, 5, 4, 5}));
  EXPECT_EQ(regrouped(filled({1, 8}, {1, 2, 3, 4, 5, 6, 9, 8}), Tensor(DType::kF32, {1, 4})),
            (Numbers{2, 3, 7, 7}));
  EXPECT_EQ(regrouped(filled({1, 4}, {1, 2, 3, 4}), Tensor(DType::kF32, {1, 8})),
            (Numbers{1, 2, 1, 2, 3, 4, 3, 4}));
  const auto refused = [](const Shape& from, const Shape& to, int64_t width) {
    return kind("regroup_heads").objection({.from = from, .to = to, .head_width = width});
  };
  EXPECT_EQ(refused({3, 6}, {3, 4}, 2), "3 heads are no whole groups of 2");
  EXPECT_EQ(refused({3, 7}, {3, 4}, 2), "its 7 channels are no heads of 2, the model's width");
  EXPECT_EQ(refused({3, 6}, {5, 2}, 2), "more than its heads differ");
  EXPECT_EQ(refused({3, 6}, {3, 2}, 0), "it makes no heads of attention");
}

TEST(Resize, NamesSayWhichRowIsWhose) {
  const std::vector<std::string> was = {"a", "b", "", "c", "c", "d"}, is = {"d", "e", "c", "", "a"};
  EXPECT_EQ(rows_of_names(was, is), (std::vector<int64_t>{5, -1, -1, -1, 0}));
  EXPECT_EQ(rows_of_names(is, was), (std::vector<int64_t>{4, -1, -1, -1, -1, 0}));
}

TEST(Resize, NamedRowsAreOnTheAxisOfTheNames) {
  const std::vector<int64_t> rows = {2, -1, 0};  // of the model's three, of three of the source
  const auto taken = [&](const Tensor& from, const Shape& to, ParameterKind kind_of) {
    const ResizeCase c{.from = from.shape(), .to = to, .kind = kind_of, .vocabulary = 3};
    EXPECT_EQ(kind("by_token").objection(c), "");
    Tensor out = filled(to, Numbers(size_t(to.count()), 9));
    kind("by_token").apply({.axis = named_axis(c, ResizeBy::kTokens), .rows = rows}, from, out);
    return Numbers(out.f32().begin(), out.f32().end());
  };
  EXPECT_EQ(taken(filled({4, 2}, {1, 2, 3, 4, 5, 6, 7, 8}), {3, 2}, ParameterKind::kEmbedding),
            (Numbers{5, 6, 9, 9, 1, 2}));
  EXPECT_EQ(taken(filled({2, 4}, {1, 2, 3, 4, 5, 6, 7, 8}), {2, 3}, ParameterKind::kOutput),
            (Numbers{3, 9, 1, 7, 9, 5}));
  EXPECT_EQ(taken(filled({3}, {1, 2, 3}), {3}, ParameterKind::kBias), (Numbers{3, 9, 1}));
  const Tensor square = filled({3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 10});
  EXPECT_EQ(taken(square, {3, 3}, ParameterKind::kEmbedding),
            (Numbers{7, 8, 10, 9, 9, 9, 1, 2, 3}));
  EXPECT_EQ(taken(square, {3, 3}, ParameterKind::kOutput), (Numbers{3, 9, 1, 6, 9, 4, 10, 9, 7}));
  const auto refused = [](const ResizeCase& c) { return kind("by_token").objection(c); };
  EXPECT_EQ(refused({.from = {4, 2}, .to = {3, 2}, .vocabulary = 5}),
            "no axis of it alone has the 5 tokens of the data");
  EXPECT_EQ(refused({.from = {4, 2}, .to = {3, 2}}), "the data has no vocabulary");
  EXPECT_EQ(kind("by_class").objection({.from = {2, 4}, .to = {2, 3}, .classes = 3}),
            "the classes of the data have no names");
}
}  // namespace
}  // namespace cambium::resize_test
