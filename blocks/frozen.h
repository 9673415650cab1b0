// Frozen: parts of a model that run in training as they do in evaluation.
#pragma once
#include <set>
#include <string>

#include "graph/graph.h"

namespace cambium {
// Those of a model, for Builder::still. A block is one of them when all parameters that it uses are
// frozen, its own and those it shares, and there are some; with it all that it is made of, also
// what has no parameters. So is a frozen parameter. A block without parameters between such blocks
// is none.
class StillParts {
 public:
  StillParts() = default;
  explicit StillParts(const Graph& model);  // whose frozen parameters are marked

  bool empty() const { return paths_.empty(); }

  bool operator()(const std::string& path) const;

 private:
  std::set<std::string> paths_;
};
}  // namespace cambium
