// Axes: where the ticks of a scale stand and what they say.
#pragma once
#include <string>
#include <vector>

namespace cambium {
struct Tick {
  double value;
  std::string label;
};

struct Axis {
  double low = 0, high = 1;  // low < high; both > 0 on a logarithmic axis
  bool log = false;
  std::vector<Tick> ticks;  // rising, all inside [low, high]

  // 0 at `low`, 1 at `high`; beyond them outside [0,1].
  double fraction(double v) const;
};

// Ticks at 1, 2 or 5 times a power of ten, about `wanted` of them, with the fewest digits that tell
// them apart; on a logarithmic axis at powers of ten, with 2 and 5 between when there are few. A
// range without extent, or not finite, is widened. A logarithmic axis starts above zero.
Axis make_axis(double low, double high, int wanted, bool log = false);
}  // namespace cambium
