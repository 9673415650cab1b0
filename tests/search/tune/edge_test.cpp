#include "search/tune/edge.h"

#include <gtest/gtest.h>

#include "core/yaml/spec.h"
#include "search/space/space_reader.h"

namespace cambium::edge_test {
namespace {
Dimension dimension(const std::string& values) {
  return read_dimensions(parse_yaml(str("{x: ", values, "}"), "s"), {})[0];
}

std::string at(const std::string& values, int64_t index) {
  return edge_of(dimension(values), {.active = true, .index = index});
}

std::string of(const std::string& values, double real) {
  return edge_of(dimension(values), {.active = true, .real = real});
}

TEST(Edge, IsTheOuterTenthOfARangeOnItsScale) {
  EXPECT_EQ(of("{log: [1e-4, 1e-2]}", 1.5e-4), "lowest");
  EXPECT_EQ(of("{log: [1e-4, 1e-2]}", 1.7e-4), "");
  EXPECT_EQ(of("{log: [1e-4, 1e-2]}", 7e-3), "highest");
  EXPECT_EQ(of("{float: [0, 1]}", 0.89), "");
  EXPECT_EQ(of("{float: [0, 1]}", 0.91), "highest");
}

TEST(Edge, OfChoicesIsTheFirstOrLastNumberOfThree) {
  EXPECT_EQ(at("[4, 2, 8]", 1), "lowest");
  EXPECT_EQ(at("[4, 2, 8]", 2), "highest");
  EXPECT_EQ(at("[4, 2, 8]", 0), "");
  EXPECT_EQ(at("[0, 0.1]", 0), "");
  EXPECT_EQ(at("[gelu, relu, silu]", 0), "");
  EXPECT_EQ(at("{int: [1, 6]}", 0), "lowest");
  EXPECT_EQ(at("{int: [1, 6]}", 5), "highest");
  EXPECT_EQ(at("{int: [1, 1000]}", 30), "lowest");
  EXPECT_EQ(at("{int: [1, 1000]}", 500), "");
}

TEST(Edge, APatternAndWhatHasNoValueHaveNone) {
  EXPECT_EQ(edge_of(dimension("{pattern: AB, length: 1..4}"), {.active = true, .letters = "A"}),
            "");
  EXPECT_EQ(edge_of(dimension("[1, 2, 3]"), {}), "");
}
}  // namespace
}  // namespace cambium::edge_test
