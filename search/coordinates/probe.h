// Probe: what the blocks of a model hand on for one batch, while a session trains it.
#pragma once
#include "search/coordinates/block_outputs.h"
#include "train/run/session.h"

namespace cambium {
class Probe {
 public:
  // Of the batch that the first step of training takes. The experiment must outlive the probe.
  explicit Probe(const Experiment& e);

  const std::vector<BlockOutput>& blocks() const { return blocks_; }

  // With the session's weights now; in the order of blocks().
  std::vector<std::vector<float>> values(const Session& session);

 private:
  Engine engine_;
  std::vector<BlockOutput> blocks_;
  std::unique_ptr<Plan> plan_;
  Store store_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<Loader> loader_;
};
}  // namespace cambium
