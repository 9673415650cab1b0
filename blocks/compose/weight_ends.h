// Ends: which parameters of a model end its branches, its readings of an embedding, and begin away
// from zero. What growing and importing weights need to know of blocks' graphs.
#pragma once
#include <map>
#include <set>
#include <string>

#include "graph/graph.h"

namespace cambium {
// The parameters that end the branches beside the shortcuts of layers: with zeros in their place
// the branch adds nothing. `added(path)`: whether the layer at a path is to add nothing. A branch
// that no parameters end is named in `open`, by its path.
struct BranchEnds {
  std::set<std::string> parameters, open;
};

BranchEnds branch_ends(const Graph& model, const std::set<std::string>& added);
// Norms whose channels an embedding reads out, copies and all: what it says grows with their
// number. By the names of their parameters, the embedding's.
std::map<std::string, std::string> read_out_norms(const Graph& g);

// Numbers that a block adds to a parameter wherever it is used, so that it starts at them: by the
// parameter's name. They follow from its place and size, so a tensor that comes from another place
// stands for other numbers.
std::map<std::string, const Tensor*> start_offsets(const Graph& g);

void add_offset(Tensor& to, const Tensor& offset,
                float sign);  // to += sign offset, f32 of one shape
}  // namespace cambium
