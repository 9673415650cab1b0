// Untrained: a model with its first weights and its first batch of training data.
#pragma once
#include "data/loader.h"
#include "graph/run/executor.h"
#include "train/spec/experiment.h"

namespace cambium {
// What a run takes in place of what the experiment says.
struct Changes {
  std::function<void(std::span<const Leaf> leaves, Store&)> weights = {};
  bool ones = false;  // in place of an input x of real numbers
};

class Untrained {
 public:
  // The experiment in f32. RuntimeError when the data cannot be read.
  explicit Untrained(const Experiment& e);

  const Experiment& experiment() const { return experiment_; }

  DataShape shape() const { return experiment_.data->shape(size_); }

  int64_t batch_size() const { return size_; }

  const Batch& batch() const { return *batch_; }

  // The outputs of a graph of model_graph()'s inputs (and "target") on the batch, with the weights
  // of the experiment's seed, changed; updates are not run.
  std::vector<std::vector<float>> run(Graph g, const Changes& changes = {}) const;

 private:
  Experiment experiment_;
  int64_t size_;
  std::unique_ptr<Loader> loader_;
  const Batch* batch_;
};
}  // namespace cambium
