// Import: weights trained elsewhere become a run of ours.
#pragma once
#include <map>
#include <string>

#include "core/tensor/tensor.h"

namespace cambium {
struct ImportedModel {
  std::string spec;  // YAML: data, model, train
  std::map<std::string, Tensor, std::less<>> tensors;
  std::string summary;  // one line: what it is
};

// A model file of llama2.c (Karpathy 2023, github.com/karpathy/llama2.c, version 0): seven i32
// (dim, hidden, layers, heads, key heads, vocabulary, positive when the output is tied, context),
// then f32 matrices [out, in]. Its rotary pairs are neighbours, ours halves: rows of Wq and Wk
// change places. `tokenizer` and `text` are the paths the spec will name. UserError, with sizes,
// for a file that is not one.
ImportedModel import_llama2c(const std::string& path, const std::string& tokenizer,
                             const std::string& text);

// Writes spec and weights, evaluated once, as a run that eval, generate and train --resume open.
void write_imported(const ImportedModel& model, const std::string& folder);
}  // namespace cambium
