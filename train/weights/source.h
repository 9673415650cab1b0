// Source: the weights that `init:` names.
#pragma once
#include "core/tensor/weight_files.h"
#include "train/weights/transfer_spec.h"

namespace cambium {
// Opened, not read: tensors come one at a time, so that they need not lie beside a model's.
struct WeightSource {
  WeightFiles files;
  std::string hash;  // of the names, types and bytes; those of 16 bits count as what they stand for
};

bool source_exists(const InitSpec& init);

// The best weights of a run, or all of a safetensors file, an index of shards or a folder with
// either. UserError at init.from: nothing there, a run without weights, damaged files, a pickle
// (which runs code when it is read).
WeightSource load_source(const InitSpec& init);

// What the source's tokens and classes are called, in its order: of a run what its data says, of
// files the tokenizer.json beside them.
struct SourceNames {
  std::vector<std::string> tokens, classes;
};

// That what is there no longer says what was trained on; a run that has begun needs it no more.
class NamesGone : public UserError {
 public:
  using UserError::UserError;
};

// Opens the run's data. NamesGone, with a cure and no place, where that is no longer what it was
// trained on or cannot be opened. Empty where the source does not say.
SourceNames names_of_source(const InitSpec& init);
}  // namespace cambium
