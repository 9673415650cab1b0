// The table of all operators: one entry for each file in this folder.
#pragma once
#include "graph/op.h"

namespace cambium {
Registry builtin_ops();
}  // namespace cambium
