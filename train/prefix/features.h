// Features: the training examples as a frozen prefix answers them, read from a feature file in the
// place of the data.
#pragma once
#include <functional>

#include "data/identity.h"
#include "graph/run/executor.h"
#include "train/prefix/feature_file.h"
#include "train/prefix/prefix_cut.h"

namespace cambium {
// Where features are kept, and who hears of it.
struct FeatureSettings {
  std::string folder;      // empty: nowhere, they are not used
  int64_t most_bytes = 0;  // that the folder may hold
  bool asked = false;      // the user named the folder: why nothing is kept there is said
  Identity data;           // of the run
  std::string machine;     // what bits depend on beside the spec (made_with)
  std::function<void(const std::string&)> note = [](const std::string&) {};
};

// What a record holds: the features of an example, then its row of each tensor of a batch but x.
struct RecordLayout {
  struct Part {
    Tensor Batch::*tensor;
    int64_t bytes;  // of a row
  };

  int64_t batch = 0, features = 0, record = 0;  // examples; bytes
  std::vector<Part> parts;
};

// None where a tensor has no rows of examples: graphs.
std::optional<RecordLayout> layout_of(const DataShape& shape, int64_t batch,
                                      const ValueType& features);

// Training examples whose x is their features. Other splits have none.
class FeatureData : public Dataset {
 public:
  // `inner` must outlive it.
  FeatureData(const Dataset& inner, RecordLayout layout, ValueType features,
              std::unique_ptr<FeatureFile> file);

  DataShape shape(int64_t batch) const override;  // at the layout's batch alone
  int64_t count(Split split) const override;
  void read(Split split, std::span<const int64_t> indices, uint64_t epoch_seed,
            Batch& into) const override;

  std::vector<std::pair<std::string, ArgValue>> vars() const override { return inner_.vars(); }

  uint64_t content() const override { return inner_.content(); }

  std::string describe() const override { return inner_.describe(); }

 private:
  const Dataset& inner_;
  RecordLayout layout_;
  ValueType features_;
  std::unique_ptr<FeatureFile> file_;
};

// A name of everything that the records depend on.
std::string feature_key(const PrefixCut& cut, const Store& store, const RecordLayout& layout,
                        const FeatureSettings& settings);

// Runs the compiled prefix over the training examples, batch by batch, and answers its records.
class FeatureMaker {
 public:
  // All must outlive it; `seed` is that of the run.
  FeatureMaker(const Dataset& data, const RecordLayout& layout, Executor& prefix, uint64_t seed);

  // The records of these examples, at most a batch of them, end to end. None where the data gives
  // other examples in another epoch.
  std::optional<std::span<const std::byte>> records(std::span<const int64_t> examples);

 private:
  const Dataset& data_;
  const RecordLayout& layout_;
  Executor& prefix_;
  uint64_t seed_;
  Batch batch_, again_;
  std::vector<std::byte> records_;
};
}  // namespace cambium
