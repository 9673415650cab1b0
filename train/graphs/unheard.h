// What a model holds and no answer depends on.
#pragma once
#include "graph/graph.h"

namespace cambium {
struct Unheard {
  int64_t parameters = 0;  // numbers that count and never learn
  std::string first;       // the path of the first of them, and its place in the spec
  Mark mark;
  bool data = false;  // the model does not read its input "x"
};

Unheard unheard_in(const Graph& model);
}  // namespace cambium
