#include "search/replay/simulated_time.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.h"

namespace cambium::simulated_time_test {
namespace {
TEST(SimulatedTime, IsThatOfAListOfWork) {
  const std::vector<double> d = {4, 1, 1, 1, 1};
  EXPECT_EQ(simulated_time(d, 1, 8).seconds, 8);
  EXPECT_EQ(simulated_time(d, 1, 1).busy, 1);
  EXPECT_EQ(simulated_time(d, 2, 8).seconds, 4);
  EXPECT_EQ(simulated_time(d, 2, 2).seconds, 6) << "trial 2 waits for trial 0";
  EXPECT_EQ(simulated_time(d, 4, 1).seconds, 8);
}

TEST(SimulatedTime, FourWorkersStayBusyWithALagOfEight) {
  double busy = 0;
  for (uint64_t k = 0; k < 50; ++k) {
    Random random(k, stream_of("test.durations"));
    std::vector<double> durations(200);
    for (double& d : durations) d = std::exp(0.7 * random.normal());
    busy += simulated_time(durations, 4, 8).busy / 50;
  }
  EXPECT_GE(busy, 0.85);
}
}  // namespace
}  // namespace cambium::simulated_time_test
