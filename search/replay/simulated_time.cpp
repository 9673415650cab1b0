#include "search/replay/simulated_time.h"

#include <algorithm>
#include <vector>

#include "core/error.h"

namespace cambium {
SimulatedTime simulated_time(std::span<const double> durations, int64_t workers, int64_t lag) {
  ensure(workers >= 1 && lag >= 1, workers, " workers, lag ", lag);
  std::vector<double> free(size_t(workers), 0), end;
  double work = 0, known = 0;  // known: when all trials up to t - lag have ended
  for (size_t t = 0; t < durations.size(); ++t) {
    if (t >= size_t(lag)) known = std::max(known, end[t - size_t(lag)]);
    const auto worker = std::ranges::min_element(free);
    *worker = std::max(*worker, known) + durations[t];
    end.push_back(*worker);
    work += durations[t];
  }
  const double last = end.empty() ? 0 : std::ranges::max(end);
  return {last, last > 0 ? work / (last * double(workers)) : 1};
}
}  // namespace cambium
