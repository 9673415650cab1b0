// Recompute: the same numbers from less memory, clones where they are needed and not before, and
// the fewest bytes that cheap operators allow.
#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include "core/rng.h"
#include "graph/passes/min_cut.h"
#include "graph/passes/passes.h"
#include "graph/run/executor.h"
#include "ops/ops.h"
#include "ops/support/dnnl.h"

namespace cambium::recompute_test {
namespace {
Ref random_leaf(const Node& n) {
  Random random(7, stream_of(n.scope.path));
  Ref r{std::vector<double>(size_t(n.outputs[0].shape.count()))};
  for (double& x : r.data) x = 0.5 + std::abs(random.normal());
  return r;
}

// A few layers "net.0", "net.1" ..., each x + gelu(linear(norm(x))) with a running mean of the
// norm's input, and the gradients of the mean square.
Graph layers(int count) {
  Graph g(builtin_ops());
  Value x = g.input("x", {DType::kF32, {32, 16}});
  std::vector<Value> wrt;
  for (int i = 0; i < count; ++i) {
    const std::string path = str("net.", i);
    const ScopeGuard guard(g, {.path = path});
    const auto parameter = [&](const char* name, Shape shape) {
      return wrt.emplace_back(g.parameter(str(path, ".", name), shape, {}));
    };
    const Value gamma = parameter("gamma", {16}), beta = parameter("beta", {16});
    const Value n = g.emit("batch_norm", {x, gamma, beta});
    const Value running = g.state(path + ".running", {DType::kF32, {16}});
    {
      const ScopeGuard update(g, {.path = path, .phase = Phase::kUpdate});
      g.updates.push_back(
          {running.node, port_of(g.emit("lerp", {running, n.nth(1)}, {{"t", 0.1}}))});
    }
    const Value h = g.emit("linear", {n, parameter("up", {16, 64})});
    x = g.emit("add", {x, g.emit("linear", {g.emit("gelu", {h}), parameter("down", {64, 16})})});
  }
  const Value loss =
      g.emit("reduce_mean", {g.emit("square", {x})}, {{"axes", std::vector<int64_t>{0, 1}}});
  g.outputs = {{"loss", port_of(loss)}};
  for (const Value d : grad(loss, wrt)) g.outputs.push_back({str("d", d.node), port_of(d)});
  return run_passes(std::move(g), training_pipeline());
}

void expect_same(const Graph& a, const Graph& b) {
  const Interpreted x = interpret(a, random_leaf), y = interpret(b, random_leaf);
  ASSERT_EQ(x.outputs.size(), y.outputs.size());
  ASSERT_EQ(x.updates.size(), y.updates.size());
  for (size_t i = 0; i < x.outputs.size(); ++i) EXPECT_EQ(x.outputs[i].data, y.outputs[i].data);
  for (size_t i = 0; i < x.updates.size(); ++i) EXPECT_EQ(x.updates[i].data, y.updates[i].data);
}

int64_t arena_bytes(const Graph& g) {
  Engine engine;
  return compile(g.clone(), engine).memory.arena_bytes;
}

std::vector<int> nodes_of(const Graph& g, std::string_view kind, const std::string& path,
                          Phase phase) {
  std::vector<int> ids;
  for (int id = 0; const Node& n : g.nodes()) {
    if (n.kind() == kind && n.scope.path == path && n.scope.phase == phase) ids.push_back(id);
    ++id;
  }
  return ids;
}

const std::vector<RecomputeMark> kEachLayer = {{.path = "net", .each_copy = true}};
}  // namespace

TEST(RecomputeBlocks, KeepsEveryNumber) {
  const Graph g = layers(3);
  const Graph after = recompute_blocks(g, kEachLayer);
  verify(after);
  expect_same(g, after);
}

TEST(RecomputeBlocks, ShrinksWhatIsKeptAndTheArena) {
  const Graph g = layers(6), after = drop_dead(recompute_blocks(g, kEachLayer));
  EXPECT_LT(kept_bytes(after), kept_bytes(g) / 4);
  EXPECT_LT(arena_bytes(after), arena_bytes(g) * 3 / 5);
}

TEST(RecomputeBlocks, ClonesALayerAfterTheLayersAboveAreDone) {
  const Graph after = recompute_blocks(layers(3), kEachLayer);
  for (int i = 0; i < 2; ++i) {
    const auto clones = nodes_of(after, "gelu", str("net.", i), Phase::kBackward);
    const auto above = nodes_of(after, "batch_norm_grad", str("net.", i + 1), Phase::kBackward);
    ASSERT_EQ(clones.size(), 1u);
    ASSERT_EQ(above.size(), 1u);
    EXPECT_GT(clones[0], above[0]);
  }
}

TEST(RecomputeBlocks, ComputesNoValueThatLeavesItsSegmentTwice) {
  const Graph after = recompute_blocks(layers(3), kEachLayer);
  for (int i = 0; i < 3;
       ++i)  // the second product (with the sum fused in) makes the layer's output
    EXPECT_EQ(nodes_of(after, "linear", str("net.", i), Phase::kBackward).size(), 1u);
}

TEST(RecomputeBlocks, UpdatesRunningStatisticsOnce) {
  const Graph g = layers(2), after = recompute_blocks(g, kEachLayer);
  EXPECT_EQ(after.updates.size(), g.updates.size());
  EXPECT_EQ(nodes_of(after, "lerp", "net.0", Phase::kUpdate).size(), 1u);
  EXPECT_TRUE(nodes_of(after, "lerp", "net.0", Phase::kBackward).empty());
}

TEST(RecomputeBlocks, KeepsWhatAnInnerMarkTurnsOff) {
  const Graph g = layers(3);
  const std::vector<RecomputeMark> marks = {{.path = "net", .each_copy = true},
                                            {.path = "net.1", .on = false}};
  const Graph after = recompute_blocks(g, marks);
  expect_same(g, after);
  EXPECT_TRUE(nodes_of(after, "gelu", "net.1", Phase::kBackward).empty());
  EXPECT_EQ(nodes_of(after, "gelu", "net.0", Phase::kBackward).size(), 1u);
}

TEST(RecomputeBlocks, ListsItsSegmentsInTheOrderOfTheForwardPass) {
  const std::vector<RecomputeMark> marks = {{.path = "net", .each_copy = true},
                                            {.path = "net.1", .on = false}};
  EXPECT_EQ(recomputed_segments(layers(4), marks),
            (std::vector<std::string>{"net.0", "net.2", "net.3"}));
}

TEST(RecomputeBlocks, TakesPathsWholeSegmentBySegment) {
  const Graph g = layers(11);
  const std::vector<RecomputeMark> marks = {{.path = "net.1"}};  // not net.10
  const Graph after = recompute_blocks(g, marks);
  EXPECT_EQ(nodes_of(after, "gelu", "net.1", Phase::kBackward).size(), 1u);
  EXPECT_TRUE(nodes_of(after, "gelu", "net.10", Phase::kBackward).empty());
}

TEST(RecomputeBlocks, LeavesAGraphWithoutBackwardPassAlone) {
  Graph g(builtin_ops());
  g.scope.path = "net.0";
  const Value x = g.input("x", {DType::kF32, {4, 8}});
  g.outputs = {{"y", port_of(g.emit("relu", {g.emit("neg", {x})}))}};
  EXPECT_EQ(to_text(recompute_blocks(g, kEachLayer)), to_text(g));
  EXPECT_EQ(to_text(recompute_cheap(g)), to_text(g));
}

TEST(RecomputeCheap, KeepsEveryNumberAndShrinksTheArena) {
  const Graph g = layers(6), after = drop_dead(recompute_cheap(g));
  verify(after);
  expect_same(g, after);
  EXPECT_LT(kept_bytes(after), kept_bytes(g));
  EXPECT_LT(arena_bytes(after), arena_bytes(g));
}

TEST(RecomputeCheap, ComputesNoProductAgain) {
  const Graph after = recompute_cheap(layers(3));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(nodes_of(after, "linear", str("net.", i), Phase::kBackward).empty());
    EXPECT_EQ(nodes_of(after, "gelu", str("net.", i), Phase::kBackward).size(), 1u);
  }
}

TEST(RecomputeCheap, GoesTogetherWithBlocks) {
  const Graph g = layers(4);
  const Graph after = recompute_cheap(recompute_blocks(g, kEachLayer));
  verify(after);
  expect_same(g, after);
  EXPECT_LE(kept_bytes(after), kept_bytes(recompute_blocks(g, kEachLayer)));
}

namespace {
// A random forward pass of `count` values of different sizes, some made by products, of which the
// backward pass reads a few.
Graph random_step(uint64_t seed, int count) {
  Random random(seed, 1);
  Graph g(builtin_ops());
  std::vector<Value> made = {g.input("x", {DType::kF32, {2, 4}})};
  while (int(g.nodes().size()) < count) {
    const Value a = made[random.below(uint32_t(made.size()))];
    const uint32_t kind = random.below(5);
    if (kind == 0) {
      const int64_t width = 1 + random.below(8);
      const Value w = g.parameter(str("w", g.nodes().size()), {a.shape().last(), width}, {});
      made.push_back(g.emit("linear", {a, w}));
    } else if (kind == 1) {
      made.push_back(g.emit("concat", {a, made.back()}, {{"axis", -1}}));
    } else if (kind == 2) {
      made.push_back(g.emit("slice", {a}, {{"axis", -1}, {"begin", 0}, {"end", 1}}));
    } else {
      made.push_back(g.emit(kind == 3 ? "tanh" : "neg", {a}));
    }
  }
  g.scope.phase = Phase::kBackward;
  for (const Value v : made)
    if (random.below(3) == 0)
      g.outputs.push_back({str("d", v.node), port_of(g.emit("square", {v}))});
  return g;
}

// Of all sets of kept values that give what is read, the fewest bytes.
int64_t fewest_bytes(const Graph& g) {
  std::vector<int> values;
  for (int id = 0; id < int(g.nodes().size()); ++id)
    if (g.node(id).op && g.node(id).scope.phase == Phase::kForward) values.push_back(id);
  int64_t best = std::numeric_limits<int64_t>::max();
  for (uint32_t kept = 0; kept < 1u << values.size(); ++kept) {
    int64_t bytes = 0;
    std::vector<bool> at_hand(g.nodes().size(), true);
    for (size_t i = 0; i < values.size(); ++i) {
      const Node& n = g.node(values[i]);
      const bool made = is_cheap(n) && std::ranges::all_of(n.inputs, [&](Port p) {
                          return at_hand[size_t(p.node)];
                        });
      const bool keeps = kept >> i & 1;
      at_hand[size_t(values[i])] = keeps || made;
      if (keeps) bytes += n.outputs[0].bytes();
    }
    const bool enough = std::ranges::all_of(g.nodes(), [&](const Node& n) {
      return n.scope.phase != Phase::kBackward || at_hand[size_t(n.inputs[0].node)];
    });
    if (enough) best = std::min(best, bytes);
  }
  return best;
}
}  // namespace

TEST(RecomputeCheap, FindsTheFewestBytesOfAllChoices) {
  int64_t saved = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const Graph g = random_step(seed, 14), after = recompute_cheap(g);
    EXPECT_EQ(kept_bytes(after), fewest_bytes(g)) << "seed " << seed << "\n" << to_text(g);
    expect_same(g, after);
    saved += kept_bytes(g) - kept_bytes(after);
  }
  EXPECT_GT(saved, 0);
}

TEST(CheapOps, AreThePointwiseOnesAndThoseThatSaySo) {
  const auto cheap = [](std::string_view name) {
    const auto op = std::ranges::find(builtin_ops(), name, [](const Op* o) { return o->name; });
    Node n;
    n.op = *op;
    return is_cheap(n);
  };
  for (const char* name : {"gelu", "cast", "layer_norm", "softmax", "dropout", "rope"})
    EXPECT_TRUE(cheap(name)) << name;
  for (const char* name : {"linear", "matmul", "conv2d", "attention", "spmm", "lstm"})
    EXPECT_FALSE(cheap(name)) << name;
}

TEST(MinCut, CutsTheSmallestEdgesNearestToTheSink) {
  const std::vector<CutEdge> chain = {{0, 1, 9}, {1, 2, 4}, {2, 3, 4}};
  EXPECT_EQ(sink_side(4, chain, 0, 3), std::vector<bool>({false, false, false, true}));
  const std::vector<CutEdge> two = {{0, 1, 2}, {1, 3, 5}, {0, 2, 7}, {2, 3, 1}};
  EXPECT_EQ(sink_side(4, two, 0, 3), std::vector<bool>({false, true, false, true}));
}
}  // namespace cambium::recompute_test
