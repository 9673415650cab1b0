// Generated datasets of one large graph and of drawn pictures.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "data/dataset.h"

namespace cambium::generated_sets_test {
namespace {
std::unique_ptr<Dataset> open(const std::string& text, uint64_t seed = 1) {
  return open_dataset(parse_yaml(text, "t.yaml"), Vars{}, seed);
}

Batch read(const Dataset& data, Split split, std::vector<int64_t> indices, uint64_t epoch = 0) {
  Batch batch = allocate_batch(data.shape(int64_t(indices.size())));
  data.read(split, indices, epoch, batch);
  return batch;
}

double share_of_edges_inside(const Batch& b, std::span<const int32_t> label) {
  double inside = 0;
  const Csr& in = b.adjacency->in;
  for (size_t i = 0; i + 1 < in.begin.size(); ++i)
    for (int32_t e = in.begin[i]; e < in.begin[i + 1]; ++e)
      inside += label[i] == label[size_t(in.neighbour[size_t(e)])];
  return inside / double(b.adjacency->edges);
}

TEST(PlantedGraph, SplitsCoverEveryNodeOnce) {
  const auto data = open("{planted_graph: {nodes: 500, edges: 1500, classes: 4}}");
  std::vector<int> times(500, 0);
  for (Split s : {Split::kTrain, Split::kValidation, Split::kTest}) {
    const Batch b = read(*data, s, {0});
    for (size_t i = 0; i < times.size(); ++i) times[i] += b.target.i32()[i] >= 0;
  }
  EXPECT_EQ(std::ranges::count(times, 1), 500);
}

TEST(PlantedGraph, EdgesLeanToTheirOwnClass) {
  const auto data =
      open("{planted_graph: {nodes: 2000, edges: 10000, classes: 4, homophily: 0.8}}");
  std::vector<int32_t> label(2000, -1);
  for (Split s : {Split::kTrain, Split::kValidation, Split::kTest}) {
    const Batch b = read(*data, s, {0});
    for (size_t i = 0; i < label.size(); ++i)
      if (b.target.i32()[i] >= 0) label[i] = b.target.i32()[i];
  }
  const Batch b = read(*data, Split::kTrain, {0});
  EXPECT_NEAR(share_of_edges_inside(b, label), 0.8 + 0.2 / 4, 0.03);
}

TEST(PlantedGraph, RefusesTwoGraphsABatch) {
  EXPECT_THROW(open("planted_graph")->shape(2), UserError);
}

TEST(BarsAndShapes, InkIsBrightAndTheRestIsNot) {
  const auto data = open("{bars_and_shapes: {size: 24, noise: 0}}");
  const Batch b = read(*data, Split::kTest, {0, 1, 2, 3, 4, 5, 6, 7});
  for (size_t k = 0; k < 8; ++k) {
    const auto picture = b.x.f32().subspan(k * 24 * 24, 24 * 24);
    const auto ink = std::ranges::count(picture, 1.0f), blank = std::ranges::count(picture, 0.0f);
    EXPECT_EQ(ink + blank, 24 * 24);
    EXPECT_GT(ink, 10);
    EXPECT_GT(blank, ink);
  }
}

TEST(BarsAndShapes, ShowsEveryClassAndNewPicturesEachEpoch) {
  const auto data = open("{bars_and_shapes: {size: 16, channels: 3, train: 200}}");
  std::vector<int64_t> all(200);
  for (int64_t i = 0; i < 200; ++i) all[size_t(i)] = i;
  const Batch first = read(*data, Split::kTrain, all, 11),
              second = read(*data, Split::kTrain, all, 12);
  for (int32_t c = 0; c < 10; ++c) EXPECT_GT(std::ranges::count(first.target.i32(), c), 0);
  EXPECT_FALSE(std::ranges::equal(first.x.f32(), second.x.f32()));
  EXPECT_EQ(first.x.shape(), Shape({200, 16, 16, 3}));
}

TEST(RandomImages, AreNoiseThatDoesNotChange) {
  const auto data =
      open("{random_images: {height: 8, width: 5, channels: 2, classes: 7, train: 9}}");
  EXPECT_EQ(data->shape(3).x.shape, Shape({3, 8, 5, 2}));
  const Batch a = read(*data, Split::kTrain, {4, 5}, 1), b = read(*data, Split::kTrain, {5}, 2);
  EXPECT_TRUE(std::ranges::equal(a.x.f32().subspan(80), b.x.f32()));
  EXPECT_FALSE(std::ranges::equal(a.x.f32().first(80), b.x.f32()));
  EXPECT_EQ(a.target.i32()[1], b.target.i32()[0]);
  for (int32_t label : a.target.i32()) EXPECT_TRUE(label >= 0 && label < 7);
}

TEST(RandomTokens, AskForTheNextTokenOrALabel) {
  const auto next = open("{random_tokens: {vocab: 11, context: 6}}");
  EXPECT_TRUE(next->shape(1).causal);
  const Batch a = read(*next, Split::kTest, {3});
  for (size_t t = 0; t + 1 < 6; ++t) EXPECT_EQ(a.target.i32()[t], a.x.i32()[t + 1]);
  EXPECT_LT(*std::ranges::max_element(a.x.i32()), 11);
  const auto labelled = open("{random_tokens: {vocab: 11, context: 6, classes: 3}}");
  EXPECT_EQ(labelled->shape(4).target.shape, Shape({4}));
  EXPECT_EQ(labelled->shape(4).classes, 3);
  EXPECT_FALSE(labelled->shape(4).causal);
  const Batch b = read(*labelled, Split::kTest, {0, 1, 2, 3});
  for (int32_t label : b.target.i32()) EXPECT_TRUE(label >= 0 && label < 3);
  EXPECT_NEAR(labelled->reference_losses().at(0).loss, std::log(3.0), 1e-12);
}
}  // namespace
}  // namespace cambium::generated_sets_test
