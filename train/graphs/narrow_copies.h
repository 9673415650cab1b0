// Copies of parameters in bf16 that the optimizer writes together with the parameters, in place of
// a cast at the start of every step.
#pragma once
#include <set>

#include "graph/graph.h"

namespace cambium {
using ParameterNames = std::set<std::string, std::less<>>;

// The parameters that something reads in bf16.
ParameterNames narrow_parameters(const Graph& g);

// Their casts become reads of their copies.
Graph read_copies(const Graph& g, const ParameterNames& names);

// What updates them updates their copies: in the same pass where the optimizer's operator can, else
// by a cast after it. A frozen parameter's copy needs no update.
Graph write_copies(const Graph& g, const ParameterNames& names);
}  // namespace cambium
