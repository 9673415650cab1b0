// How the sizes of a graph are written.
#pragma once
#include <string>

#include "core/tensor/adjacency.h"

namespace cambium {
// "60 edges and 20 self loops" of an undirected graph: each edge between two nodes counts once.
std::string edges_text(const Adjacency& graph);
}  // namespace cambium
