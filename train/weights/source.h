// Source: the weights that `init:` names.
#pragma once
#include "train/weights/transfer_spec.h"

namespace cambium {
struct WeightSource {
  Tensors tensors;
  std::string hash;
};

bool source_exists(const InitSpec& init);

// The best weights of a run, or all of a safetensors file. UserError at init.from: nothing there, a
// run without weights, a damaged file, a pickle (which runs code when it is read).
WeightSource load_source(const InitSpec& init);
}  // namespace cambium
