// Limits: "50..100000", "..0.1", "3.." or "5%..95%" in an option of a step.
#pragma once
#include <string>

#include "core/error.h"

namespace cambium {
struct Limits {
  double least, most;

  bool below(double value) const { return value < least; }

  bool above(double value) const { return value > most; }
};

// OptionError for `option` when the text is no such thing or its ends are the wrong way round.
Limits limits_from(const std::string& option, const std::string& text);
}  // namespace cambium
