// Matching: which tensor of a source becomes which of a model, by name, by rule, by structure, and
// what is left on either side.
#pragma once
#include "train/weights/transfer.h"

namespace cambium {
struct Matched {
  std::vector<TransferRow> rows;  // those of the model by name, then the unused
  std::vector<UserError> notes;   // rules that had nothing to do
  // What rules by names needed to know of the source and is no longer there; empty: nothing.
  std::string names_gone;
};

// `model`: that of evaluation, which has what runs keep. UserErrors as of plan_transfer.
Matched match_transfer(const InitSpec& init, const WeightFiles& source, const Experiment& e,
                       const Model& model, Diagnostics& errors);
}  // namespace cambium
