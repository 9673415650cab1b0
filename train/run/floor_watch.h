// Floor watch: whether a model is known to see its answers, from its graph or from a loss that is
// too good to be true.
#pragma once
#include "train/spec/experiment.h"

namespace cambium {
class FloorWatch {
 public:
  explicit FloorWatch(const Experiment& e);

  // Why it is known; empty while it is not.
  const std::string& why() const { return why_; }

  std::string sentence() const { return "this model sees its answers: " + why_; }

  // Looks at an evaluation on data that was not trained on; true when it is the first to tell.
  bool observe(const Metrics& m);

  const std::vector<ReferenceLoss>& references() const { return references_; }

 private:
  std::vector<ReferenceLoss> references_;
  std::string why_;
};
}  // namespace cambium
