// Block examples: uses of a block as its record declares them, built, with what they cost.
#pragma once
#include <string>
#include <vector>

#include "blocks/block.h"

namespace cambium {
struct BlockExample {
  std::string yaml;     // one entry of a model list
  std::string in, out;  // "tokens [2,3,4]"
  int64_t parameters = 0;
  double forward_flops = 0;
};

// The first `most` uses. Their extents are small: for shapes and proportions, not for training.
std::vector<BlockExample> block_examples(const Block& block, size_t most = 5);

// A whole spec of a few lines around the first use that fits: generated data, the block, a head. It
// trains as it stands. InternalError when no use of the block fits.
std::string runnable_spec(const Block& block);
}  // namespace cambium
