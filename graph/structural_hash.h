// Structural hash: which architecture a graph is, whatever its parts are called.
#pragma once
#include <cstdint>

#include "graph/graph.h"

namespace cambium {
// 64 bits that are equal for graphs that differ at most in
//   - the order in which independent nodes were emitted, and that of `outputs` and `updates`;
//   - scopes: paths and marks, with them the names of parameters and states;
//   - the names of random streams, which are hashes of paths (fields that are `any()`).
// They differ, but for collisions, when an operator, an attribute, a shape, a dtype, the wiring,
// what shares a parameter, how a parameter starts or is trained, the phase, a constant's numbers,
// or the name of an input or output does. A graph is taken as it stands: nodes that nothing reads
// count, and so does the order of operands, so that a + b is not b + a and two branches of
// `parallel` that change places may tell two models apart that compute the same. Adjacencies of
// constants are made for it. The value may change from one version of the program to the next.
uint64_t structural_hash(const Graph& g);
}  // namespace cambium
