// The runs of one group of points as a law hears them.
#pragma once
#include <string>
#include <vector>

#include "search/laws/fit/fit.h"
#include "search/laws/points/points.h"

namespace cambium {
struct GroupRuns {
  std::vector<LawRun> runs, held;           // to fit, and held out
  double most_flops = 0;                    // of all
  double most_passes = 0;                   // tokens over unique tokens; 0: not known
  std::vector<std::vector<double>> counts;  // of each run to fit (ScalingPoint::counts)
  double flops_per_nd = 6;                  // the median of C / (N D)
  bool flops_contradict = false;            // its ends lie more than a factor of 2 apart
  std::string ignored;  // what the law ignores although it varies; empty: nothing
};

// Inputs hold all that is known of sizes, data and compute, so that only runs equal in all of it
// are repeats. Held out is the largest value of the law's first quantity; of a law of the loss, the
// configuration with the least loss.
GroupRuns runs_of_group(const PointTable& t, const Law& law, const std::string& group,
                        bool hold_out_largest);
}  // namespace cambium
