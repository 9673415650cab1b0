// StreamLost: unwinds to where checking can go on, after the error itself was reported. It is no
// error: nobody but the builder catches it, and build_parts hands on the errors that were reported.
#pragma once
#include "blocks/block.h"

namespace cambium {
struct StreamLost {
  bool recoverable = true;  // false: even a block that keeps its stream's shape cannot be skipped
};

UserError unknown_tap(const std::string& name, const Mark& mark,
                      const std::vector<std::string>& known);
}  // namespace cambium
