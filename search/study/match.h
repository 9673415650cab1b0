// Match: finds the value of one free variable, such as a width, at which a model costs what it is
// to cost.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"

namespace cambium {
// What a value of the free variable costs; none when no model can be built with it (heads that do
// not divide a width). Where it answers, it grows with the value.
using Measure = std::function<std::optional<double>(int64_t)>;

struct Match {
  int64_t value = 0;               // of the first free variable
  std::vector<int64_t> fine = {};  // of the others
  double achieved = 0, target = 0;

  double deviation() const { return achieved / target - 1; }  // relative
};

// With `tolerance` infinite the nearest is answered whatever its deviation.
//
// Bisects over the values a model can be built with and answers the one whose cost is relatively
// nearest to `target` > 0. UserError naming the nearest values when its deviation is above
// `tolerance`, or when no value from 1 to `most` can be built. `free` and `unit` are for messages
// ("vars.dim", "parameters").
Match match_value(const Measure& measure, double target, double tolerance, std::string_view free,
                  std::string_view unit, int64_t start = 64, int64_t most = 1 << 20);
}  // namespace cambium
