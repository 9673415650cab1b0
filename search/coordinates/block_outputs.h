// Block outputs: what each block of a model hands on, as outputs of its forward graph.
#pragma once
#include "train/spec/experiment.h"

namespace cambium {
struct BlockOutput {
  std::string path, block;
};

// Makes an output called by its path of each block's last f32 value that is used behind it; blocks
// that hand on what one inside them does are left out. In the order of the graph.
std::vector<BlockOutput> expose_blocks(Graph& g, const std::map<std::string, const Block*>& blocks);
}  // namespace cambium
