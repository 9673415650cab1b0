// StreamLost: unwinds to where checking can go on, after the error itself was reported.
#pragma once
#include "blocks/block.h"

namespace cambium {
struct StreamLost : UserError {
  bool recoverable;  // false: even a block that keeps its stream's shape cannot be skipped

  explicit StreamLost(bool recoverable = true)
      : UserError("the model has errors"), recoverable(recoverable) {}
};

UserError unknown_tap(const std::string& name, const Mark& mark,
                      const std::vector<std::string>& known);
}  // namespace cambium
