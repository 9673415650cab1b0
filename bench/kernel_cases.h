// Kernel cases: for every operator with a kernel, one or more uses at a size that training meets.
#pragma once
#include <vector>

#include "graph/op.h"

namespace cambium {
struct KernelCase {
  const Op* op;
  Sample sample;
};

// InternalError when an operator has no case, so that a new one cannot be forgotten.
std::vector<KernelCase> kernel_cases();
}  // namespace cambium
