// Mixture: the sources that the training examples of a dataset are drawn from, and their shares.
#pragma once
#include <string>
#include <vector>

#include "data/dataset.h"

namespace cambium {
struct MixedSource {
  std::string name;
  int64_t symbols = 0;  // to train on, each once
  double share = 0;     // of the examples of a training
  double passes = 0;    // how often a training reads all of it
};

// What a Dataset is too when its training examples come from several sources by their shares.
class Mixed {
 public:
  virtual ~Mixed() = default;

  // Of a training of so many examples; sources that are not read have the share 0.
  virtual std::vector<MixedSource> mixture(int64_t examples) const = 0;
};

// Empty for data that mixes nothing.
inline std::vector<MixedSource> mixture_of(const Dataset& data, int64_t examples) {
  const auto* mixed = dynamic_cast<const Mixed*>(&data);
  return mixed ? mixed->mixture(examples) : std::vector<MixedSource>();
}
}  // namespace cambium
