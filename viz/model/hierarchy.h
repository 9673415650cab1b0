// Hierarchy: the full tree of scopes and ops of a graph's forward part, before anything is closed.
// Internal to model_picture.
#pragma once
#include <map>
#include <vector>

#include "viz/model/domains.h"
#include "viz/model/model_picture.h"

namespace cambium {
struct Branch {  // a Box with what only the construction needs
  Box box;
  std::vector<int> nodes;  // graph nodes of a leaf
  std::vector<int> children;
  int same_as = -1;  // folded away: the branch that is drawn in its place
  Domain from = Domain::kVector, to = Domain::kVector;
  Shape in_shape;    // of the first data that enters
  bool fed = false;  // data enters; false for what only works on weights
  bool crosses = false;
};

struct Hierarchy {
  const Graph& graph;
  std::vector<Branch> branches;   // branches[0] is the model
  std::vector<int> leaf_of;       // node id -> branch, -1 when not drawn
  std::vector<bool> bookkeeping;  // node id -> only serves the update of a state

  Branch& at(int i) { return branches[size_t(i)]; }

  const Branch& at(int i) const { return branches[size_t(i)]; }

  int drawn(int branch) const {  // follows folds
    while (at(branch).same_as >= 0) branch = at(branch).same_as;
    return branch;
  }
};

Hierarchy build_hierarchy(const Graph& g, const PictureOptions& options);

// Merges neighbours of equal structure, attributes and names up to a number: AAAA -> A x4 and
// CCACCA -> (C x2, A) x2.
void fold(Hierarchy& h);

// The value a picture shows in place of `p`: views and bookkeeping are looked through.
Port shown_source(const Hierarchy& h, Port p);

// Edges between drawn leaves, and which folds are chains.
struct LeafArrow {
  int from, to;  // branches
  ArrowKind kind;
  std::string shape;
};

std::vector<LeafArrow> leaf_arrows(Hierarchy& h);
}  // namespace cambium
