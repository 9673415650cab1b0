// The IR itself: emitting, printing, rewriting, verifying, differentiating.
#include "graph/graph.h"

#include <gtest/gtest.h>

#include "ops/ops.h"

namespace cambium::graph_test {
namespace {
Value vector_input(Graph& g, const char* name, int64_t n = 3) {
  return g.input(name, {DType::kF32, {n}});
}

Ref ones(const Node& n) {
  return {std::vector<double>(size_t(n.outputs[0].shape.count()), 1.0)};
}
}  // namespace

TEST(Graph, ErrorNamesTheOpThePathAndTheYamlLine) {
  Graph g(builtin_ops());
  const Value a = g.input("a", {DType::kF32, {2, 3}}), b = g.input("b", {DType::kF32, {4, 5}});
  g.scope = {.path = "stage1.skip", .mark = {"hybrid.yaml", 12, 9}};
  try {
    g.emit("add", {a, b});
    FAIL();
  } catch (const UserError& e) {
    EXPECT_TRUE(std::string(e.what()).starts_with("add 'stage1.skip': ")) << e.what();
    EXPECT_EQ(e.mark.line, 12);
  }
}

TEST(Graph, UnknownAttributeSuggestsTheKnownOne) {
  Graph g(builtin_ops());
  try {
    g.emit("softmax", {vector_input(g, "a")}, {{"axes", 0}});
    FAIL();
  } catch (const UserError& e) {
    EXPECT_EQ(e.help, "did you mean 'axis'?");
  }
}

TEST(Graph, UnknownOpIsOurOwnMistake) {
  Graph g(builtin_ops());
  EXPECT_THROW(g.emit("ad", {vector_input(g, "a")}), InternalError);
}

TEST(Graph, RefusesValuesOfAnotherGraph) {
  Graph g(builtin_ops()), h(builtin_ops());
  EXPECT_THROW(g.emit("relu", {vector_input(h, "a")}), InternalError);
}

TEST(Graph, PrintsOneLineANode) {
  Graph g(builtin_ops());
  const Value a = vector_input(g, "a");
  g.scope.path = "body";
  const Value y = g.emit("add", {a, g.emit("relu", {a})});
  g.outputs = {{"y", port_of(y)}};
  EXPECT_EQ(to_text(g),
            "%0 = input : [3]  # a\n"
            "%1 = relu %0 : [3]  # body\n"
            "%2 = add %0 %1 : [3]  # body\n"
            "return y %2\n");
}

TEST(Graph, RewriteMovesOutputsAndUpdates) {
  Graph g(builtin_ops());
  const Value s = g.state("s", {DType::kF32, {3}});
  const Value y = g.emit("neg", {g.emit("neg", {s})});
  g.outputs = {{"y", port_of(y)}};
  g.updates = {{s.node, port_of(y)}};
  const Graph out = rewrite(g,
                            [](Graph& h, int, const Node& n,
                               std::span<const Value> in) -> std::optional<std::vector<Value>> {
                              if (n.kind() != "neg" || h.node(in[0].node).kind() != "neg")
                                return std::nullopt;
                              return std::vector{h.inputs_of(in[0].node)[0]};
                            });
  EXPECT_EQ(out.outputs[0].port, (Port{0, 0}));
  EXPECT_EQ(out.updates[0].value, (Port{0, 0}));
}

TEST(Graph, CloneIsIndependent) {
  Graph g(builtin_ops());
  vector_input(g, "a");
  const Graph copy = g.clone();
  vector_input(g, "b");
  EXPECT_EQ(copy.nodes().size(), 1u);
}

TEST(Grad, SumsOverEveryUse) {
  Graph g(builtin_ops());
  const Value a = vector_input(g, "a");
  const Value loss = g.emit("reduce_sum", {g.emit("add", {g.emit("mul", {a, a}), a})},
                            {{"axes", std::vector<int64_t>{0}}});
  const Value wrt[] = {a};
  const Value da = grad(loss, wrt)[0];
  g.outputs = {{"da", port_of(da)}};
  const Interpreted result = interpret(g, ones);
  for (double d : result.outputs[0].data) EXPECT_DOUBLE_EQ(d, 3.0);
}

TEST(Grad, IsNoneWhereNothingFlows) {
  Graph g(builtin_ops());
  const Value a = vector_input(g, "a"), b = vector_input(g, "b");
  const Value loss = g.emit("reduce_sum", {a}, {{"axes", std::vector<int64_t>{0}}});
  const Value wrt[] = {a, b};
  const auto d = grad(loss, wrt);
  EXPECT_TRUE(bool(d[0]));
  EXPECT_FALSE(bool(d[1]));
}

TEST(Grad, MarksItsNodesAsBackwardAtTheForwardPath) {
  Graph g(builtin_ops());
  const Value a = vector_input(g, "a");
  g.scope.path = "mlp";
  const Value loss =
      g.emit("reduce_sum", {g.emit("mul", {a, a})}, {{"axes", std::vector<int64_t>{0}}});
  const Value wrt[] = {a};
  const Value da = grad(loss, wrt)[0];
  EXPECT_EQ(g.node(da.node).scope.path, "mlp");
  EXPECT_EQ(g.node(da.node).scope.phase, Phase::kBackward);
}

TEST(Verify, FindsAnUpdateOfTheWrongType) {
  Graph g(builtin_ops());
  const Value s = g.state("s", {DType::kF32, {2}}), a = vector_input(g, "a");
  g.updates = {{s.node, port_of(a)}};
  EXPECT_THROW(verify(g), InternalError);
}

TEST(Verify, AcceptsAWholeBackwardPass) {
  Graph g(builtin_ops());
  const Value a = vector_input(g, "a");
  const Value loss =
      g.emit("reduce_sum", {g.emit("gelu", {a})}, {{"axes", std::vector<int64_t>{0}}});
  const Value wrt[] = {a};
  g.outputs = {{"da", port_of(grad(loss, wrt)[0])}};
  EXPECT_NO_THROW(verify(g));
}
}  // namespace cambium::graph_test
