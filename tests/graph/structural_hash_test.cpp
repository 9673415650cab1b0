// Which changes of a graph its structural hash sees, and which it does not.
#include "graph/structural_hash.h"

#include <gtest/gtest.h>

#include "ops/ops.h"

namespace cambium::structural_hash_test {
namespace {
// What one test changes of the graph below.
struct Change {
  std::string block = "body";
  Shape rows = {2, 3};
  int64_t width = 4, axis = -1;
  const char* activation = "relu";
  bool second_first = false;  // the order in which two independent branches are emitted
  bool shared = false;        // both branches read one weight
  bool crossed = false;       // the sum reads the branches in the other order
  bool decay = true;
  double scale = 2;  // of a constant
  std::string output = "y";
};

// softmax(act(x w1) + scale x w2)
uint64_t hash_of(const Change& c) {
  Graph g(builtin_ops());
  const Value x = g.input("x", {DType::kF32, c.rows});
  Value w1, w2, a, b;
  const auto weight = [&](const char* name) {
    return g.parameter(c.block + name, {c.rows[1], c.width},
                       {.init = {Init::kNormal, 0.1}, .decay = c.decay});
  };
  const auto first = [&] {
    g.scope.path = c.block + ".first";
    w1 = weight(".first.weight");
    a = g.emit(c.activation, {g.emit("matmul", {x, w1})});
  };
  const auto second = [&] {
    g.scope.path = c.block + ".second";
    w2 = c.shared ? w1 : weight(".second.weight");
    b = g.emit("mul", {g.emit("matmul", {x, w2}), g.scalar(c.scale)});
  };
  if (c.second_first) {
    second();
    first();
  } else {
    first();
    second();
  }
  g.scope = {.path = c.block, .mark = {"a.yaml", int(c.block.size()), 3}};
  const Value sum = c.crossed ? g.emit("add", {b, a}) : g.emit("add", {a, b});
  g.outputs = {{c.output, port_of(g.emit("softmax", {sum}, {{"axis", c.axis}}))}};
  return structural_hash(g);
}
}  // namespace

TEST(StructuralHash, KnowsNoNamesPlacesAndOrders) {
  const uint64_t h = hash_of({});
  EXPECT_EQ(hash_of({}), h);
  EXPECT_EQ(hash_of({.block = "another.body"}), h);
  EXPECT_EQ(hash_of({.second_first = true}), h);
}

TEST(StructuralHash, SeesEveryOtherChange) {
  const std::vector<Change> changes = {{},
                                       {.rows = {5, 3}},
                                       {.rows = {2, 7}},
                                       {.width = 5},
                                       {.axis = 0},
                                       {.activation = "gelu"},
                                       {.shared = true},
                                       {.crossed = true},
                                       {.decay = false},
                                       {.scale = 3},
                                       {.output = "z"}};
  std::map<uint64_t, size_t> seen;
  for (size_t i = 0; i < changes.size(); ++i) {
    const auto [other, fresh] = seen.try_emplace(hash_of(changes[i]), i);
    EXPECT_TRUE(fresh) << "changes " << other->second << " and " << i;
  }
}

// Four layers of two weights of one shape: which of them share one is all that differs.
TEST(StructuralHash, SeesWhichLayersShareAWeight) {
  const auto of = [](const std::vector<int>& weights) {
    Graph g(builtin_ops());
    Value x = g.input("x", {DType::kF32, {2, 3}});
    std::map<int, Value> made;
    for (int w : weights) {
      if (!made.contains(w)) made[w] = g.parameter(str("w", w), {3, 3}, {});
      x = g.emit("matmul", {x, made[w]});
    }
    g.outputs = {{"y", port_of(x)}};
    return structural_hash(g);
  };
  EXPECT_EQ(of({0, 1, 0, 1}), of({5, 2, 5, 2}));
  EXPECT_NE(of({0, 1, 0, 1}), of({0, 0, 1, 1}));
  EXPECT_NE(of({0, 1, 0, 1}), of({0, 1, 1, 0}));
}

TEST(StructuralHash, SeesTypesUpdatesAndEdges) {
  const auto counting = [](DType dtype, bool update) {
    Graph g(builtin_ops());
    const Value n = g.state("n", {dtype, {2}});
    const Value next = g.emit("relu", {g.input("x", {DType::kF32, {2}})});
    g.outputs = {{"y", port_of(next)}};
    if (update) g.updates = {{n.node, port_of(next)}};
    return structural_hash(g);
  };
  EXPECT_NE(counting(DType::kF32, true), counting(DType::kF32, false));
  EXPECT_NE(counting(DType::kI32, false), counting(DType::kF32, false));
  const auto edges = [](std::vector<Edge> e) {
    Graph g(builtin_ops());
    g.constant(std::make_shared<const Adjacency>(make_adjacency(4, e)));
    return structural_hash(g);
  };
  EXPECT_EQ(edges({{0, 1}, {2, 3}}), edges({{3, 2}, {1, 0}}));
  EXPECT_NE(edges({{0, 1}, {2, 3}}), edges({{0, 1}, {1, 2}}));
}

// A hash of a path names a stream of random numbers, and says nothing of what is computed.
TEST(StructuralHash, KnowsNoStreams) {
  const auto dropped = [](double p, int64_t stream) {
    Graph g(builtin_ops());
    const Value x = g.input("x", {DType::kF32, {2, 3}}), rng = g.input("rng", {DType::kI64, {2}});
    g.outputs = {{"y", port_of(g.emit("dropout", {x, rng}, {{"p", p}, {"stream", stream}}))}};
    return structural_hash(g);
  };
  EXPECT_EQ(dropped(0.1, 5), dropped(0.1, 6));
  EXPECT_NE(dropped(0.1, 5), dropped(0.2, 5));
}
}  // namespace cambium::structural_hash_test
