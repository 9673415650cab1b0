// Layer decay: `train.layer_decay` lowers the rate of a layer by a factor for each layer behind it,
// as ELECTRA and BEiT are tuned (Clark et al. 2020, arXiv 2003.10555; Bao et al. 2021, arXiv
// 2106.08254).
#pragma once
#include "train/spec/experiment.h"

namespace cambium {
// What counts as a layer: a copy of a repeat (of the innermost, where they stand in each other),
// and outside of repeats a block with parameters; branches of parallel and split and the bodies of
// definitions count block by block, everything else as a whole. A layer's number is the longest
// path from an input in layers, 1 for what stands first.
struct Layer {
  int64_t number = 0;
  double lr_scale = 1;              // layer_decay^(highest number - number)
  std::vector<std::string> blocks;  // paths, in the model's order
};

// By number; each that there is. Of the model at the training batch.
std::vector<Layer> layers_of(const Experiment& e);

// The factor on the rate of each parameter; 1 without layer_decay. InternalError for what is none
// of the model.
std::vector<double> layer_scales(const Experiment& e, std::span<const std::string> parameters);
}  // namespace cambium
