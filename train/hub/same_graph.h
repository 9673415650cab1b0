// Same graph: whether two models compute the same, whatever their parts are called.
#pragma once
#include "graph/graph.h"

namespace cambium {
// The weights of `ours` by those of `theirs`, both graphs of models that were built for inference.
// UserError that says at its place what is first another: an operator, an option, a shape, what is
// read. How weights start does not matter.
std::map<std::string, std::string> same_weights(const Graph& ours, const Graph& theirs,
                                                const std::string& what);
}  // namespace cambium
