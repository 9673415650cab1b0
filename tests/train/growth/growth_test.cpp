// Growing by hand, and what is refused.
#include "train/growth/growth.h"

#include <numeric>

#include <gtest/gtest.h>

#include "tests/support/block_case.h"
#include "tests/support/expect_error.h"
#include "train/growth/widen.h"

namespace cambium::growth_test {
namespace {
Tensor counted(const Shape& shape) {
  Tensor t(DType::kF32, shape);
  std::iota(t.f32().begin(), t.f32().end(), 1.0f);
  return t;
}

TEST(Widened, CopiesPartsAndSharesWhatHearsThem) {
  // [3,2] -> [6,3]: rows in parts of 1 and 2, twice as many each; columns 1 + 1 to 1 + 2.
  const Tensor from = counted({3, 2});
  const std::vector<AxisGrowth> axes = {{{1, 2}, {2, 4}, true}, {{1, 1}, {1, 2}, false}};
  const Tensor to = widened(from, axes, 7);
  ASSERT_EQ(to.shape(), Shape({6, 3}));
  const int64_t source_row[] = {0, 0, 1, 2, 1, 2}, source_column[] = {0, 1, 1};
  double sums[3][3] = {};
  for (int64_t r = 0; r < 6; ++r)
    for (int64_t c = 0; c < 3; ++c) {
      const double v = double(to.f32()[size_t(r * 3 + c)]),
                   whole = double(from.f32()[size_t(source_row[r] * 2 + source_column[c])]);
      EXPECT_GE(v, 0.2 * whole);  // between a third and three times its twin
      EXPECT_LE(v, 0.8 * whole);
      sums[source_row[r]][c] += v;
    }
  for (int64_t r = 0; r < 3; ++r)
    for (int64_t c = 0; c < 3; ++c)
      EXPECT_NEAR(sums[r][c], double(from.f32()[size_t(r * 2 + source_column[c])]), 1e-5);
  EXPECT_NE(to.f32()[0], to.f32()[3]);  // twins differ
}

TEST(Widened, SaysWhatIsNoWholeNumber) {
  EXPECT_EQ(objection_to({{3}, {6}}, 0), "");
  EXPECT_EQ(objection_to({{3}, {3}}, 0), "");
  EXPECT_EQ(objection_to({{2, 3}, {4, 4}}, 1),
            "axis 1 goes from 2 + 3 to 4 + 4, which is no whole number of copies");
  EXPECT_NE(objection_to({{4}, {2}}, 0), "");
  EXPECT_NE(objection_to({{4}, {4, 4}}, 0), "");
}

TEST(LayerOrigins, IdentityStackAndRepeat) {
  const std::vector<std::string> small = {"r.0.a", "r.1.a", "end"},
                                 large = {"r.0.a", "r.1.a", "r.2.a", "r.3.a", "end"};
  const auto origins = [&](LayerGrowth kind) {
    std::string out;
    for (const auto& [name, o] : layer_origins(small, large, kind))
      out += str(name, '<', o.name, o.added ? "+ " : " ");
    return out;
  };
  EXPECT_EQ(origins(LayerGrowth::kIdentity),
            "end<end r.0.a<r.0.a r.1.a<r.0.a+ r.2.a<r.1.a r.3.a<r.1.a+ ");
  EXPECT_EQ(origins(LayerGrowth::kStack),
            "end<end r.0.a<r.0.a r.1.a<r.1.a r.2.a<r.0.a+ r.3.a<r.1.a+ ");
  EXPECT_EQ(origins(LayerGrowth::kRepeat),
            "end<end r.0.a<r.0.a r.1.a<r.0.a+ r.2.a<r.1.a r.3.a<r.1.a+ ");
}

Spec spec_of(const std::string& text) {
  Spec spec;
  spec.root = parse_yaml(text, "model.yaml");
  return spec;
}

std::string enlarged(const std::string& text, int64_t width, int64_t depth) {
  Spec spec = spec_of(text);
  enlarge(spec, width, depth);
  return canonical_text(spec.root);
}

TEST(Enlarge, ChangesWidthsHeadsAndCountsWhereTheyAreSaid) {
  EXPECT_EQ(
      enlarged("vars: {dim: 8, layers: 2}\nmodel: [{embed: $dim}, {repeat: $layers, body: "
               "[{residual: [{attention: {heads: 2}}]}, {residual: [{ffn: {expand: 4}}]}]}, "
               "{linear: 5}]\n",
               3, 2),
      canonical_text(
          spec_of("vars: {dim: 24, layers: 4}\nmodel: [{embed: $dim}, {repeat: $layers, body: "
                  "[{residual: [{attention: {heads: 6}}]}, {residual: [{ffn: {expand: "
                  "4}}]}]}, {linear: 5}]\n")
              .root));
  EXPECT_EQ(
      enlarged("vars: {w: 4}\nmodel: [{linear: '${w * 2}'}, {linear: $w}, {linear: 2}]\n", 2, 1),
      canonical_text(
          spec_of("vars: {w: 8}\nmodel: [{linear: '${w * 2}'}, {linear: $w}, {linear: 2}]\n")
              .root));
}

TEST(Enlarge, RefusesWhatItCannotFind) {
  const auto error = [](const std::string& text, int64_t width, int64_t depth) {
    return std::string(test::error_of<UserErrors>([&] { enlarged(text, width, depth); }).what());
  };
  EXPECT_EQ(error("model: [{linear: 3}]\n", 2, 1),
            "--width finds no number of channels to enlarge in the model");
  EXPECT_EQ(error("model: [{linear: 3}]\n", 1, 2),
            "--depth finds no repeat whose count it could enlarge");
  EXPECT_EQ(error("vars: {n: 4}\nmodel: [{linear: $n}, {repeat: $n, body: [{linear: 4}]}, {linear: "
                  "2}]\n",
                  2, 3),
            "'n' counts channels and layers both");
}

std::string refusal(const std::string& small, const std::string& large) {
  const BlockCase a(small, Domain::kTokens, {1, 4, 4}, {.training = false}),
      b(large, Domain::kTokens, {1, 4, 4}, {.training = false});
  Tensors tensors;
  for (const Node& n : a.graph.nodes())
    if (n.role == Role::kParameter) tensors.emplace(n.scope.path, Tensor(n.outputs[0]));
  return test::error_of<UserErrors>(
             [&] { grow_weights(a.graph, b.graph, tensors, LayerGrowth::kIdentity); })
      .all.at(0)
      .what();
}

TEST(GrowWeights, RefusesWithTheReason) {
  EXPECT_EQ(refusal("- {linear: 4}\n- {linear: 2}", "- {linear: 6}\n- {linear: 2}"),
            "'linear.bias': axis 0 goes from 4 to 6, which is no whole number of copies");
  EXPECT_EQ(refusal("- {linear: 4}", "- {linear: 4}\n- {norm: rms}"),
            "'norm.gamma' [4] of the larger model has nothing to start from: the smaller one "
            "has no 'norm.gamma'");
  EXPECT_EQ(refusal("- {repeat: 1, body: [{linear: 4}]}", "- {repeat: 2, body: [{linear: 4}]}"),
            "the new layer 'repeat.1' has no shortcut, so it cannot hand on what it gets");
}
}  // namespace
}  // namespace cambium::growth_test
