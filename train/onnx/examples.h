// Examples beside an exported model: what it is asked and what it answers here, in the layout of
// ONNX's own test data, so that any runtime can be checked against us.
#pragma once
#include "train/onnx/export.h"

namespace cambium {
struct OnnxExample {
  std::vector<std::pair<std::string, OnnxTensor>> inputs, outputs;
};

// One for each of several batches, and lengths where those are open, from the data itself; answers
// are those of our kernels in f32. `seed` and `tensors` as for the export.
std::vector<OnnxExample> onnx_examples(const Experiment& e,
                                       const std::map<std::string, Tensor, std::less<>>* tensors,
                                       const OnnxExport& made);

// <folder>/test_data_set_<k>/{input,output}_<i>.pb
void write_onnx_examples(const std::vector<OnnxExample>& examples, const std::string& folder);
}  // namespace cambium
