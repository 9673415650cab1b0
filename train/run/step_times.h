// Step times: what steps take, in milliseconds, while a run goes on.
#pragma once
#include <algorithm>
#include <vector>

namespace cambium {
// Half of all steps lie between the quartiles.
struct StepTime {
  double median = 0, low = 0, high = 0;
};

// The quartiles by the nearest step; zeros of no steps.
inline StepTime step_time_of(std::vector<double> ms) {
  if (ms.empty()) return {};
  std::ranges::sort(ms);
  const auto at = [&](double share) { return ms[size_t(share * double(ms.size() - 1) + 0.5)]; };
  return {at(0.5), at(0.25), at(0.75)};
}

class StepTimes {
 public:
  void add(double ms) {
    total_ms_ += ms;
    block_.push_back(ms);
    if (last_.size() < kMost)
      last_.push_back(ms);
    else
      last_[next_++ % kMost] = ms;
  }

  // Of the last 4,096 steps.
  StepTime last() const { return step_time_of(last_); }

  // The median of the steps since the last call.
  double end_block() {
    const double median = step_time_of(block_).median;
    block_.clear();
    return median;
  }

  double total_ms() const { return total_ms_; }

 private:
  static constexpr size_t kMost = 4096;
  std::vector<double> last_, block_;
  size_t next_ = 0;
  double total_ms_ = 0;
};
}  // namespace cambium
