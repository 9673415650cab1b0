// Matching by structure: what can be meant in one way alone is found, all else is left.
#include "train/weights/structure.h"

#include <gtest/gtest.h>

namespace cambium::structure_match_test {
namespace {
using Pairs = std::vector<std::pair<std::string, std::string>>;

Types typed(std::initializer_list<std::pair<const char*, Shape>> tensors) {
  Types out;
  for (const auto& [name, shape] : tensors) out[name] = {DType::kF32, shape};
  return out;
}

TEST(Structure, CopiesPairInTheOrderOfTheirNumbers) {
  Types source, model;
  for (int i = 0; i < 11; ++i) {
    source[str("layers.", i + 3, ".mlp.up.weight")] = {DType::kF32, {3, 5}};
    model[str("repeat.", i, ".ffn.up.weight")] = {DType::kF32, {3, 5}};
  }
  const Pairs pairs = match_by_structure(source, model);
  ASSERT_EQ(pairs.size(), 11u);
  EXPECT_EQ(pairs[1], (std::pair<std::string, std::string>("layers.4.mlp.up.weight",
                                                           "repeat.1.ffn.up.weight")));
  EXPECT_EQ(pairs[10], (std::pair<std::string, std::string>("layers.13.mlp.up.weight",
                                                            "repeat.10.ffn.up.weight")));
  model.erase("repeat.4.ffn.up.weight");  // which copy is missing is anybody's guess
  EXPECT_EQ(match_by_structure(source, model), Pairs());
}

TEST(Structure, EqualShapesAreToldApartByTheEndOfTheirNames) {
  const Types source =
      typed({{"a.k.weight", {4, 4}}, {"a.q.weight", {4, 4}}, {"a.v.weight", {4, 4}}});
  EXPECT_EQ(
      match_by_structure(
          source, typed({{"b.q.weight", {4, 4}}, {"b.k.weight", {4, 4}}, {"b.v.weight", {4, 4}}})),
      (Pairs{{"a.k.weight", "b.k.weight"},
             {"a.q.weight", "b.q.weight"},
             {"a.v.weight", "b.v.weight"}}));
  // Two of them leave one on each side for the third.
  EXPECT_EQ(match_by_structure(
                source,
                typed({{"b.q.weight", {4, 4}}, {"b.key.weight", {4, 4}}, {"b.v.weight", {4, 4}}})),
            (Pairs{{"a.q.weight", "b.q.weight"},
                   {"a.v.weight", "b.v.weight"},
                   {"a.k.weight", "b.key.weight"}}));
  EXPECT_EQ(match_by_structure(source, typed({{"b.query.weight", {4, 4}},
                                              {"b.key.weight", {4, 4}},
                                              {"b.value.weight", {4, 4}}})),
            Pairs());
}

TEST(Structure, AWeightIsNoBiasAndNoStatistic) {
  EXPECT_EQ(match_by_structure(typed({{"ln.weight", {7}}, {"ln.bias", {7}}}),
                               typed({{"norm.gamma", {7}}, {"norm.beta", {7}}})),
            (Pairs{{"ln.bias", "norm.beta"}, {"ln.weight", "norm.gamma"}}));
  EXPECT_EQ(match_by_structure(typed({{"ln.weight", {7}}}), typed({{"norm.beta", {7}}})), Pairs());
  EXPECT_EQ(match_by_structure(typed({{"bn.running_mean", {7}}}), typed({{"norm.gamma", {7}}})),
            Pairs());
  // What has no known role goes by its type, where that is one's alone.
  EXPECT_EQ(match_by_structure(typed({{"wte", {9, 4}}}), typed({{"embed.table", {9, 4}}})),
            (Pairs{{"wte", "embed.table"}}));
  EXPECT_EQ(match_by_structure(typed({{"wte", {9, 4}}, {"wpe", {9, 4}}}),
                               typed({{"embed.table", {9, 4}}, {"positions.table", {9, 4}}})),
            Pairs());
}

TEST(Structure, OtherTypesNeverPair) {
  EXPECT_EQ(match_by_structure(typed({{"a.weight", {3, 4}}}), typed({{"b.weight", {4, 3}}})),
            Pairs());
  Types source;
  source["a.weight"] = {DType::kI64, {3}};
  EXPECT_EQ(match_by_structure(source, typed({{"b.weight", {3}}})), Pairs());
}
}  // namespace
}  // namespace cambium::structure_match_test
