// Simulated time: how long trials of known durations would have taken some workers.
#pragma once
#include <cstdint>
#include <span>

namespace cambium {
struct SimulatedTime {
  double seconds = 0;  // from the first start to the last end
  double busy = 0;     // share of workers * seconds in which a trial ran
};

// Trials start in their order, each on the first free worker, trial t not before all up to t - lag
// have ended: it was proposed from them. workers, lag >= 1.
SimulatedTime simulated_time(std::span<const double> durations, int64_t workers, int64_t lag);
}  // namespace cambium
