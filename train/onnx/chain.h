// A file of ONNX that is a chain of layers, as blocks of ours: convolutions, pooling, batch norm,
// activations, dense layers.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "core/tensor/tensor.h"
#include "graph/onnx/model.h"

namespace cambium {
struct OnnxChain {
  std::vector<std::string> blocks;  // entries of `model:`, YAML of one line
  std::map<std::string, Tensor, std::less<>> tensors;
  std::string stopped;  // why the rest of the file is no such chain; empty: it all is
};

// Of a file that takes pictures [B,C,Y,X] or vectors [B,C]: `input` are those extents.
OnnxChain chain_of(const OnnxModel& model, const std::string& input_name,
                   const std::vector<int64_t>& input);
}  // namespace cambium
