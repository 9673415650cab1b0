// Mixture: the sources that the training examples of a dataset are drawn from, and their shares.
#pragma once
#include <string>
#include <vector>

#include "data/dataset.h"

namespace cambium {
struct MixedSource {
  std::string name;
  int64_t symbols = 0;  // to train on, each once
  double share = 0;     // of the examples
  double passes = 0;    // how often all of it is read
  double weight = 1;    // that a target of it has in the loss
};

// Where in its training an epoch begins.
struct EpochPlace {
  uint64_t seed = 0;  // of the epoch
  int64_t first = 0;  // examples before it
  int64_t total = 0;  // of the whole training; 0: that is not known, and the epoch is all there is
};

// What a Dataset is too when its training examples come from several sources by their shares.
class Mixed {
 public:
  virtual ~Mixed() = default;

  // Of the first `examples` of a training of `of`; sources that are not read have the share 0.
  virtual std::vector<MixedSource> mixture(int64_t examples, int64_t of) const = 0;

  // As Dataset::stream, of a place in a training on whose course shares may depend.
  virtual std::unique_ptr<ExampleStream> stream_at(const EpochPlace& place) const = 0;

  // Whether shares change at shares of the training, so that a longer one begins otherwise.
  virtual bool knows_end() const = 0;
};

// Empty for data that mixes nothing.
std::vector<MixedSource> mixture_of(const Dataset& data, int64_t examples, int64_t of);

// The stream of an epoch of any data; null where it has none.
std::unique_ptr<ExampleStream> epoch_stream(const Dataset& data, const EpochPlace& place);

// "docs 0.82 times, code 1.90 times"; empty for data that mixes nothing.
std::string passes_text(const std::vector<MixedSource>& sources);
}  // namespace cambium
