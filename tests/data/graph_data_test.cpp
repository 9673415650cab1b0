// The graph datasets: what they read and generate, and what they say about broken files.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "core/yaml/yaml.h"
#include "data/dataset.h"
#include "tests/support/data/test_data.h"

namespace cambium::graph_data_test {
namespace {
std::unique_ptr<Dataset> open(const std::string& text, uint64_t seed = 1) {
  return open_dataset(parse_yaml(text, "spec.yaml"), Vars(), seed);
}

Batch read(const Dataset& d, Split split, std::vector<int64_t> indices, int64_t batch) {
  Batch b = allocate_batch(d.shape(batch));
  d.read(split, indices, 0, b);
  return b;
}

constexpr std::string_view kNodes = "0\t1\ttrain\t0 2\n1\t0\tval\t1\n2\t1\ttest\t\n3\t0\tnone\t3\n";

// A folder with the two files of a small graph, removed at the end.
class Files {
 public:
  explicit Files(std::string_view nodes = kNodes, std::string_view edges = "0\t1\n1\t2\n") {
    std::ofstream(folder + "/g.nodes.tsv") << nodes;
    std::ofstream(folder + "/g.edges.tsv") << edges;
  }

  // What opening says; empty when it works.
  std::string complaint(const std::string& more = "") const {
    try {
      open("{planetoid: {path: " + folder + more + "}}");
    } catch (const UserError& e) {
      EXPECT_EQ(e.mark.line, 1);
      const std::string text = e.what();
      const size_t at = text.find(folder);
      return at == std::string::npos ? text : text.substr(at + folder.size());
    }
    return "";
  }

 private:
  const test::TempFolder temporary_;  // of this test and this process

 public:
  const std::string folder =
      std::filesystem::path(temporary_.path("g.nodes.tsv")).parent_path().string();
};

TEST(Planetoid, ReadsFeaturesTargetsAndEdges) {
  const Files files;
  const auto d = open("{planetoid: " + files.folder + "}");
  const Batch b = read(*d, Split::kTest, {0}, 1);
  EXPECT_EQ(b.x.shape(), Shape({4, 4}));
  EXPECT_EQ(b.x.f32()[0], 0.5f);
  EXPECT_EQ(std::vector(b.target.i32().begin(), b.target.i32().end()),
            (std::vector<int32_t>{-1, -1, 1, -1}));
  EXPECT_EQ(b.adjacency->edges, 4);
  EXPECT_EQ(d->count(Split::kTrain), 1);
  EXPECT_THROW(d->shape(2), UserError);
}

TEST(Planetoid, KeepsRawFeaturesWhenAsked) {
  const Files files;
  const auto d = open("{planetoid: {path: " + files.folder + ", normalise: false, features: 6}}");
  const Batch b = read(*d, Split::kTrain, {0}, 1);
  EXPECT_EQ(b.x.shape(), Shape({4, 6}));
  EXPECT_EQ(b.x.f32()[2], 1.0f);
}

TEST(Planetoid, SaysThatItsGraphNeverChanges) {
  const Files files;
  const auto d = open("{planetoid: " + files.folder + "}"),
             other = open("{planetoid: " + files.folder + "}");
  EXPECT_EQ(d->shape(1).density, 4 / 16.0);
  Batch b = read(*d, Split::kTrain, {0}, 1);
  EXPECT_EQ(b.version, d->version(Split::kTrain));
  for (uint64_t version : {d->version(Split::kTest), other->version(Split::kTrain), uint64_t(0)})
    EXPECT_NE(b.version, version);
  b.x.f32()[0] = 9;  // a batch of this version is left as it is
  d->read(Split::kTrain, std::vector<int64_t>{0}, 0, b);
  EXPECT_EQ(b.x.f32()[0], 9.0f);
  d->read(Split::kTest, std::vector<int64_t>{0}, 0, b);
  EXPECT_EQ(b.x.f32()[0], 0.5f);
  EXPECT_EQ(b.target.i32()[2], 1);
}

TEST(Planetoid, NamesTheLineThatIsWrong) {
  EXPECT_EQ(Files("0\t1\ttrain\t0\n2\t1\tval\t1\n").complaint(),
            "/g.nodes.tsv:2: id = 2, but this is node 1; ids count from 0");
  EXPECT_EQ(Files("0\tone\ttrain\t0\n").complaint(),
            "/g.nodes.tsv:1: label is 'one', not a whole number");
  EXPECT_EQ(Files("0\t1\ttrian\t0\n").complaint(),
            "/g.nodes.tsv:1: split is 'trian', not train, val, test or none");
  EXPECT_EQ(Files("0\t1\ttrain\t0\n1\t").complaint(),
            "/g.nodes.tsv:2: the file ends in the middle of a line");
  EXPECT_EQ(Files("0\t1\ttrain\t0\n").complaint(), "/g.nodes.tsv: no node is in the split 'val'");
  EXPECT_EQ(Files("").complaint(), "/g.nodes.tsv is empty");
  EXPECT_EQ(Files(kNodes, "0\t4\n").complaint(), "/g.edges.tsv:1: v = 4 is outside [0, 3]");
  EXPECT_EQ(Files(kNodes, "0\t1\t2\n").complaint(), "/g.edges.tsv:1: an edge is two node ids");
}

TEST(Planetoid, NoticesMissingLines) {
  EXPECT_EQ(Files().complaint(", nodes: 5"), "/g.nodes.tsv has 4 lines, the spec says 5");
  EXPECT_EQ(Files().complaint(", edges: 3"), "/g.edges.tsv has 2 lines, the spec says 3");
  EXPECT_EQ(Files().complaint(", features: 3"), "/g.nodes.tsv:4: feature = 3 is outside [0, 2]");
}

TEST(Planetoid, SaysWhichFolderIsMissing) {
  EXPECT_THROW(open("{planetoid: /no/such/folder}"), UserError);
  EXPECT_THROW(open("planetoid"), UserError);
}

TEST(Planetoid, ReadsCora) {
  const std::string folder = test::data_path("graphs/planetoid_cora");
  if (test::skip_without(folder)) return;
  const auto d = open("{planetoid: {path: " + folder + ", nodes: 2708, edges: 5278}}");
  const DataShape shape = d->shape(1);
  EXPECT_EQ(shape.x.shape, Shape({2708, 1433}));
  EXPECT_EQ(shape.adjacency.shape[2], 2 * 5278);
  EXPECT_EQ(shape.classes, 7);
  const auto scored = [&](Split s) {
    const Batch b = read(*d, s, {0}, 1);
    return 2708 - std::ranges::count(b.target.i32(), -1);
  };
  EXPECT_EQ(scored(Split::kTrain), 140);
  EXPECT_EQ(scored(Split::kValidation), 500);
  EXPECT_EQ(scored(Split::kTest), 1000);
}

TEST(BlockModel, BatchesAreBlockDiagonalAndPadded) {
  const auto d = open("{block_model: {nodes: 12, communities: 3, p_in: 0.9}}");
  const Batch two = read(*d, Split::kTrain, {4, 7}, 3), one = read(*d, Split::kTrain, {7}, 1);
  EXPECT_EQ(two.examples, 2);
  EXPECT_EQ(two.target.count(), 36);
  const Adjacency& g = *two.adjacency;
  for (size_t i = 0; i < 36; ++i)
    for (int32_t e = g.in.begin[i]; e < g.in.begin[i + 1]; ++e)
      EXPECT_EQ(size_t(g.in.neighbour[size_t(e)]) / 12, i / 12);
  EXPECT_TRUE(std::ranges::equal(two.target.i32().subspan(12, 12), one.target.i32()));
  EXPECT_TRUE(std::ranges::equal(two.x.f32().subspan(12 * 4, 12 * 4), one.x.f32()));
  EXPECT_EQ(std::ranges::count(two.target.i32().subspan(24), -1), 12);
  EXPECT_EQ(g.in.begin[24], g.in.begin[36]);
}

TEST(BlockModel, KeepsItsProbabilities) {
  const auto d = open(
      "{block_model: {nodes: 100, communities: 4, p_in: 0.4, p_out: 0.1,"
      " reveal: 0.3, noise: 0, features: hints}}");
  double inside = 0, between = 0, hints = 0;
  const int64_t graphs = 20;
  for (int64_t k = 0; k < graphs; ++k) {
    const Batch b = read(*d, Split::kTrain, {k}, 1);
    const auto label = b.target.i32();
    for (size_t i = 0; i < 100; ++i) {
      for (int32_t e = b.adjacency->in.begin[i]; e < b.adjacency->in.begin[i + 1]; ++e)
        (label[i] == label[size_t(b.adjacency->in.neighbour[size_t(e)])] ? inside : between) += 1;
      const auto row = b.x.f32().subspan(i * 4, 4);
      hints += std::ranges::count(row, 1.0f);
      EXPECT_EQ(std::ranges::count(row, 1.0f), row[size_t(label[i])]);
    }
    EXPECT_LE(b.adjacency->edges, d->shape(1).adjacency.shape[2]);
  }
  EXPECT_NEAR(inside / double(graphs * 100 * 24), 0.4, 0.02);
  EXPECT_NEAR(between / double(graphs * 100 * 75), 0.1, 0.01);
  EXPECT_NEAR(hints / double(graphs * 100), 0.3, 0.04);
}

TEST(BlockModel, RefusesMoreCommunitiesThanNodes) {
  try {
    open("{block_model: {nodes: 5, communities: 6}}");
    FAIL();
  } catch (const UserError& e) {
    EXPECT_STREQ(e.what(), "block_model: communities = 6 but a graph has 5 nodes");
    EXPECT_EQ(e.mark.column, 39);
  }
}

// Each edge between two nodes once, whichever way it is written, and loops apart from them.
TEST(Planetoid, CountsEdgesAndSelfLoops) {
  const auto said = [](std::string_view edges) {
    const Files files(kNodes, edges);
    return open("{planetoid: {path: " + files.folder + "}}")->describe();
  };
  EXPECT_NE(said("0\t1\n1\t2\n").find("and 2 edges,"), std::string::npos);
  const std::string loops = said("0\t1\n1\t0\n1\t2\n2\t2\n3\t3\n");
  EXPECT_NE(loops.find("and 2 edges and 2 self loops,"), std::string::npos) << loops;
}
}  // namespace
}  // namespace cambium::graph_data_test
