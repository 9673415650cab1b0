// Files of points: what is read, and what is refused where.
#include <gtest/gtest.h>

#include "search/laws/answers/scale.h"
#include "tests/support/expect_error.h"

namespace cambium::points_test {
namespace {
PointTable parse(std::string_view text, const PointChoice& choice = {}) {
  return parse_points(text, "p.csv", choice);
}

std::string fault(std::string_view text, const PointChoice& choice = {}) {
  return test::text_of(test::error_of([&] { parse(text, choice); }));
}

TEST(Points, ColumnsAreFoundByNameOrAsTold) {
  const PointTable t = parse("Model Size,Training FLOP,loss\n1e6,6e14,3.5\n");
  EXPECT_TRUE(t.tokens_follow);
  EXPECT_DOUBLE_EQ(t.points[0].at.x[kTokens], 1e8);
  const PointTable told = parse("x,y,\"z w\",kept\r\n1e6,2e7,3.5,1\r\n2e6,2e7,3.1,0\r\n",
                                {{"params=x,tokens=y,loss=z w"}, {"kept=1"}});
  EXPECT_EQ(told.points.size(), 1u);
  EXPECT_EQ(told.columns[0], "x");
}

TEST(Points, BadCellsArePlaced) {
  const auto e = test::error_of<UserErrors>(
      [] { parse("params,tokens,loss\n1e6, -2,3\n1e6,1e7,nan\n1e6,125M,3\n,1,1\n1,2\n"); });
  ASSERT_EQ(e.all.size(), 5u);
  EXPECT_EQ(test::text_of(e.all[0]), "2:6: tokens: -2 is not positive");
  EXPECT_EQ(test::text_of(e.all[1]), "3:9: loss: nan is not finite");
  EXPECT_EQ(test::text_of(e.all[2]), "4:5: tokens: '125M' is no number");
  EXPECT_EQ(test::text_of(e.all[3]), "5:1: params: the cell is empty");
  EXPECT_EQ(test::text_of(e.all[4]), "6:1: the line has 2 cells, the first line names 3 columns");
  EXPECT_EQ(e.all[2].help, "counts are raw and have no unit: 125e6, not 125M");
}

TEST(Points, MissingColumnsAndDoubleRunsAreRefused) {
  EXPECT_EQ(fault("params,tokens\n1,2\n"),
            "1:1: there is no column of losses, only 'params' and 'tokens'");
  EXPECT_EQ(fault("loss\n1\n"),
            "1:1: there is no column of parameters, tokens or FLOPs, only 'loss'");
  EXPECT_EQ(fault("params,loss\n1,2\n1,2\n"),
            "3:1: this run stands twice: line 2 holds the same numbers");
  EXPECT_EQ(fault("params,loss,seed\n1,2,0\n1,3,0\n"),
            "3:1: this run stands twice: line 2 has the same seed and inputs");
  EXPECT_EQ(fault("params,loss\n1,2\n", {{"params=parms"}, {}}), "1:1: there is no column 'parms'");
}

TEST(Points, QuotedCellsMayHoldLineBreaks) {
  const PointTable t = parse(
      "params,loss,\"a\nnote\"\n1e6,3.5,\"two\nlines, one \"\"cell\"\"\"\n"
      "2e6, 3.1 ,x\n \n3e6,3,y\n");
  ASSERT_EQ(t.points.size(), 3u);
  EXPECT_EQ(t.points[0].mark.line, 3);
  EXPECT_EQ(t.points[2].mark.line, 7);
  EXPECT_DOUBLE_EQ(t.points[1].at.x[kLoss], 3.1);
  EXPECT_EQ(fault("params,loss\n1e6,\"3\n"), "2:1: a quote is never closed");
  EXPECT_EQ(fault("params,loss, params\n1,2,3\n"), "1:14: the column 'params' stands twice");
}

TEST(Points, TooFewOfAGroupAreRefusedAtTheColumn) {
  const auto refused = [](std::string_view text) {
    return test::text_of(test::error_of([&] { scale_points(parse(text), {}); }));
  };
  EXPECT_EQ(refused("params,tokens,loss\n1e6,1e7,3\n2e6,1e7,2.9\n"),
            "1:15: law 'chinchilla' has 5 parameters and needs 6 different configurations, got 2");
  EXPECT_EQ(refused("params,tokens,loss\n1e6,1e7,3\n1e6,2e7,2.9\n1e6,3e7,2.8\n1e6,4e7,2.7\n"
                    "1e6,5e7,2.6\n1e6,6e7,2.5\n"),
            "1:1: law 'chinchilla' needs 3 different values of params, got 1");
}
}  // namespace
}  // namespace cambium::points_test
