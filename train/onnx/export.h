// A trained model as a file of ONNX, for other programs to ask. docs/onnx.md.
#pragma once
#include "graph/onnx/model.h"
#include "train/spec/experiment.h"

namespace cambium {
struct OnnxExport {
  OnnxModel model;
  std::vector<std::string> open, notes;  // extents that are free; why others are not
};

// `tensors` by name; with none, fresh ones as training would begin with. UserError saying which
// block cannot be written, where it stands and why; or which tensor is missing.
OnnxExport export_onnx(const Experiment& e,
                       const std::map<std::string, Tensor, std::less<>>* tensors);
}  // namespace cambium
