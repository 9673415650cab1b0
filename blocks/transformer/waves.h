// Waves: sines and cosines of places. Vaswani et al. 2017, arXiv 1706.03762, section 3.5.
#pragma once
#include <cmath>
#include <cstdint>
#include <vector>

namespace cambium {
// Of c channels: sin(t / base^(2 (i/2) / c)) for place t in even ones, cos in odd ones.
class Waves {
 public:
  Waves(int64_t c, double base) {
    for (int64_t i = 0; i < c; ++i)
      lengths_.push_back(std::pow(base, double(i - i % 2) / double(c)));
  }

  float at(int64_t t, int64_t i) const {
    const double angle = double(t) / lengths_[size_t(i)];
    return float(i % 2 ? std::cos(angle) : std::sin(angle));
  }

 private:
  std::vector<double> lengths_;
};
}  // namespace cambium
