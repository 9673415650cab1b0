// Failures of what stands around the program, apart from other runtime errors because those who go
// on after one ask which it was.
#pragma once
#include "core/error.h"

namespace cambium {
// A file could not be read or written. What it ended is no result: it can be done again.
struct DiskError : RuntimeError {
  using RuntimeError::RuntimeError;
};

// There is less memory than what was asked for takes.
struct MemoryError : RuntimeError {
  using RuntimeError::RuntimeError;
};
}  // namespace cambium
