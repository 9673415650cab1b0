// Padding: pooling leaves it out.
#include "blocks/padding.h"

#include <gtest/gtest.h>

#include "blocks/model.h"
#include "core/rng.h"
#include "ops/ops.h"
#include "tests/support/expect_error.h"

namespace cambium {
namespace {
// pool: kind on x [2,3,2], of which the second example has one real token.
std::vector<double> pooled(const std::string& kind) {
  Graph g(builtin_ops());
  const Vars vars;
  Builder b(g, vars, false);
  const Stream in = build_input(g, {.domain = Domain::kTokens,
                                    .x = {DType::kF32, {2, 3, 2}},
                                    .mask = ValueType{DType::kF32, {2, 3}}});
  const Yaml model = parse_yaml("- pool: " + kind, "m.yaml");
  const Stream out = build_model(b, model, nullptr, in);
  g.outputs = {{"y", port_of(out.x)}};
  const Interpreted done = interpret(g, [](const Node& n) -> Ref {
    if (n.scope.path == "mask") return {{1, 1, 1, 1, 0, 0}};
    return {{1, -2, 3, 4, 5, -5, -7, 8, 100, 100, -100, 100}};
  });
  return done.outputs[0].data;
}

using Numbers = std::vector<double>;

TEST(Padding, PoolingLeavesItOut) {
  EXPECT_EQ(pooled("mean"), (Numbers{3, -1, -7, 8}));
  EXPECT_EQ(pooled("max"), (Numbers{5, 4, -7, 8}));
  EXPECT_EQ(pooled("first"), (Numbers{1, -2, -7, 8}));
}

TEST(Padding, TheLastPlaceIsRefused) {
  const auto e = test::error_of<UserErrors>([] { pooled("last"); });
  EXPECT_NE(std::string(e.what()).find("kind = last would take padding for an end"),
            std::string::npos);
}

// Sums and weights of attention, and an example without anything real.
TEST(Padding, NothingRealPoolsToZero) {
  for (const std::string kind : {"mean", "sum", "max", "attention"}) {
    Graph g(builtin_ops());
    const Vars vars;
    Builder b(g, vars, false);
    const Stream s = build_input(g, {.domain = Domain::kTokens,
                                     .x = {DType::kF32, {2, 3, 1}},
                                     .mask = ValueType{DType::kF32, {2, 3}}});
    const Value y = pool_unpadded(b, kind, s.x, padding_mask(s));
    g.outputs = {{"y", port_of(y)}};
    const Numbers out = interpret(g,
                                  [](const Node& n) -> Ref {
                                    if (n.scope.path == "mask") return {{0, 0, 0, 1, 1, 0}};
                                    if (n.scope.path == "x") return {{5, 6, 7, 2, 2, 50}};
                                    return {{0.5}};
                                  })
                            .outputs[0]
                            .data;
    EXPECT_EQ(out[0], 0) << kind;
    EXPECT_NEAR(out[1], kind == "sum" ? 4 : 2, 1e-6) << kind;
  }
}

// What `yaml` makes of two sequences of 6 tokens, the last 2 and 3 of which are padding that holds
// `filling`.
Numbers of_padded(const std::string& yaml, double filling) {
  Graph g(builtin_ops());
  const Vars vars;
  Builder b(g, vars, true);
  const Stream in = build_input(g, {.domain = Domain::kTokens,
                                    .x = {DType::kF32, {2, 6, 4}},
                                    .mask = ValueType{DType::kF32, {2, 6}}});
  const Yaml model = parse_yaml("- " + yaml, "m.yaml");
  g.outputs = {{"y", port_of(build_model(b, model, nullptr, in).x)}};
  const Numbers mask = {1, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0};
  return interpret(
             g,
             [&](const Node& n) -> Ref {
               if (n.scope.path == "mask") return {mask};
               Random random(3, stream_of(n.scope.path));
               Ref r;
               for (int64_t i = 0; i < n.outputs[0].shape.count(); ++i) {
                 const double x = random.normal();
                 r.data.push_back(n.scope.path == "x" && mask[size_t(i / 4)] == 0 ? filling : x);
               }
               return r;
             })
      .outputs[0]
      .data;
}

// What is real comes out the same whatever the padding holds.
void expect_unseen(const std::string& yaml) {
  const Numbers a = of_padded(yaml, 2), b = of_padded(yaml, -9);
  ASSERT_EQ(a.size(), b.size());
  const bool places = a.size() == 48;
  EXPECT_TRUE(places || a.size() == 8) << yaml;
  for (size_t i = 0; i < a.size(); ++i) {
    const size_t t = i / 4 % 6;
    if (!places || t < (i < 24 ? 4u : 3u)) {
      EXPECT_EQ(a[i], b[i]) << yaml << " at " << i;
    }
  }
}

TEST(Padding, AttentionDoesNotSeeIt) {
  for (const std::string yaml :
       {"attention: 2", "attention: {heads: 2, window: 2, position: alibi}",
        "attention: {heads: 2, dilation: 2, position: rope}",
        "attention: {heads: 2, causal: true, sinks: true}",
        "attention: {heads: 2, position: t5, buckets: 6, max_distance: 5}",
        "attention: {heads: 2, kind: block_sparse, block: 2, near: 1, random: 1}",
        "attention: {heads: 2, kind: block_sparse, block: 2, near: 0, causal: true}",
        "attention: {heads: 2, kind: top_k, keep: 2}", "moe: {experts: 3, capacity: 1}",
        "[{tap: source}, {linear: 4}, {cross_attention: {context: source, heads: 2}}]",
        "[{attention: 2}, {pool: attention}]", "[class_token, {attention: 2}, {pool: first}]",
        "[{class_token: last}, {attention: 2}, {pool: max}]",
        "[{tokens_to_graph: full}, {gps: {heads: 2, norm: rms, local: [{linear: 4}]}}]"})
    expect_unseen(yaml);
}

TEST(Padding, WindowsAndNormsDoNotSeeIt) {
  for (const std::string yaml :
       {"conv1d: {kernel: 3, bias: true}", "conv1d: {kernel: 2, dilation: 2, norm: instance}",
        "conv1d: {padding: causal, norm: rms}", "depthwise_conv: {kernel: 3, norm: batch}",
        "separable_conv: {kernel: 3, norm: group}", "conv_mixer: {kernel: 3, norm: instance}",
        "convnext: {kernel: 3, norm: batch, layer_scale: 1}",
        "gated_conv: {kernel: 3, norm: instance}",
        "dilated_stack: {layers: 2, causal: false, kernel: 3}", "squeeze_excite: 0.5",
        "{norm: {kind: group, groups: 2}}", "norm: instance", "norm: batch"})
    expect_unseen(yaml);
}

TEST(Padding, AStreamOfOtherPlacesHasNoMask) {
  Graph g(builtin_ops());
  Stream s{.domain = Domain::kTokens, .x = g.input("x", {DType::kF32, {2, 3, 5}})};
  EXPECT_FALSE(padding_mask(s));
  s.mask = g.input("mask", {DType::kF32, {2, 4}});
  EXPECT_FALSE(padding_mask(s));
  s.x = g.input("longer", {DType::kF32, {2, 4, 5}});
  EXPECT_EQ(padding_mask(s).shape(), Shape({2, 4, 1}));
  s = {.domain = Domain::kGraph,
       .x = g.input("nodes", {DType::kF32, {8, 5}}),
       .batch = 4,
       .mask = s.mask};
  EXPECT_EQ(padding_mask(s).shape(), Shape({4, 2, 1}));
}
}  // namespace
}  // namespace cambium
