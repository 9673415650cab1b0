// The only header that sees oneDNN. One source for oneDNN 2.6 and 3.x: every difference of the two
// APIs is in this file, and no other file asks for the version.
#pragma once
#include <unordered_map>

#include <dnnl.hpp>

#include "graph/op.h"

namespace cambium {
struct Engine {
  dnnl::engine cpu{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{cpu};
};
}  // namespace cambium
