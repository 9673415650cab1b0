// Points of a scaling law, and what is worked out of them.
#include <cmath>

#include "search/laws/answers/scale.h"
#include "tests/fuzz/target.h"

namespace cambium::fuzz_scaling_points {
extern const FuzzTarget fuzz_scaling_points = {
    .name = "scaling_points",
    .reads = {"search/laws/points/points.cpp"},
    .run = [](std::string_view bytes) {
      PointTable table = read_points(file_of("points.csv", bytes), {});
      for (const ScalingPoint& p : table.points)
        expect(!(p.at.x[kLoss] <= 0), "a loss that is not positive was taken");
      if (table.points.size() > 40) return;  // a fit of many points is slow under a fuzzer
      scale_points(std::move(table), {.draws = 2});
    }};
}  // namespace cambium::fuzz_scaling_points
