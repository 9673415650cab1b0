// The recurrent blocks against PyTorch 2.x: two layers, both directions, C = 2, H = 3, T = 4, in
// double. Parameter number i (in the order of their making) holds 0.6 sin(0.7 k + i) at element k.
#include <gtest/gtest.h>

#include "tests/support/block_case.h"

namespace cambium::recurrent_test {
namespace {
std::vector<double> run(const std::string& block) {
  BlockCase c(str("- ", block, ": {width: 3, layers: 2, bidirectional: true}"), Domain::kTokens,
              {1, 4, 2});
  BlockCase::Data leaves;
  const auto fill = [](const Shape& shape, double start, double factor) {
    Ref r;
    for (int64_t k = 0; k < shape.count(); ++k)
      r.data.push_back(factor * std::sin(0.7 * double(k) + start));
    return r;
  };
  leaves["x"] = fill(c.in.shape(), 0.1, 1.2);
  int i = 0;
  for (Value p : c.parameters())
    leaves[c.graph.node(p.node).scope.path] = fill(p.shape(), i++, 0.6);
  return c.run(leaves);
}

void expect_near(const std::vector<double>& got, const std::vector<double>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-9) << i;
}

TEST(Recurrent, LstmIsPyTorchs) {
  expect_near(
      run("lstm"),
      {0.1050436197, 0.0583420057, 0.0164098727,  -0.2322489082, -0.0121502554, 0.1550673243,
       0.123250115,  0.0726697471, 0.0033637221,  -0.1672623101, 0.0652370093,  0.1666970842,
       0.1348931941, 0.0822534198, -0.0107249052, -0.1326453067, 0.0654183832,  0.1486375133,
       0.1395289046, 0.0860508719, -0.0205557135, -0.1096895872, 0.0570782576,  0.1215134515});
}

TEST(Recurrent, GruIsPyTorchs) {
  expect_near(run("gru"), {0.2641459659, 0.1446336559,  0.0110016351,  -0.4051768546, 0.3352939996,
                           0.6490477276, 0.4369342101,  0.1834981022,  -0.0513937211, -0.1888398881,
                           0.5578697121, 0.7013828848,  0.5325950434,  0.2064532754,  -0.1037292593,
                           0.006544763,  0.3638805412,  0.4397998166,  0.5084355066,  0.3823282199,
                           0.0958956053, -0.2484944029, -0.1730984333, 0.0207659816});
}

TEST(Recurrent, RnnIsPyTorchs) {
  expect_near(
      run("rnn"),
      {-0.3512847884, -0.608437114,  -0.6130014713, 0.7535699617, 0.6214474135, 0.1307132454,
       -0.4795562512, -0.6907104154, -0.6508506149, 0.6515591691, 0.5092381142, 0.0810431714,
       -0.2162799241, -0.5944386364, -0.6790356795, 0.532813277,  0.5570675875, 0.3517592486,
       -0.1366692168, -0.634087497,  -0.764524532,  0.5307323195, 0.6715284455, 0.5738654508});
}
}  // namespace
}  // namespace cambium::recurrent_test
