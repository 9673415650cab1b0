// Diagnose: why a step gave NaN or Inf.
#pragma once
#include "graph/run/executor.h"

namespace cambium {
// Re-runs the step on its present inputs and throws a RuntimeError that names the first node whose
// result is not finite, with its place in the spec, or the parameter that was not finite before.
[[noreturn]] void explain_non_finite(Executor& executor, const Store& store, int64_t step,
                                     std::string_view what, double value);
}  // namespace cambium
