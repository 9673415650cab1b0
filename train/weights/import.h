// Import: weights trained elsewhere become a run of ours.
#pragma once
#include <map>
#include <set>
#include <string>

#include "core/tensor/tensor.h"

namespace cambium {
struct ImportedModel {
  std::string spec;  // YAML: data, model, train
  std::map<std::string, Tensor, std::less<>> tensors;
  bool noise = false;                             // its data: the weights alone are written
  std::string summary;                            // one line: what it is
  std::set<std::string, std::less<>> fresh = {};  // weights that stay as the model starts
};

// Writes spec and weights as a run that eval, generate and export open. On data of its own, not
// noise, they are evaluated once, and the run has what training needs to go on; else it starts
// others, by `init: {from: ...}`.
void write_imported(const ImportedModel& model, const std::string& folder);
}  // namespace cambium
