// ModelValues: the logits that a model of configs/models gives on weights of another library. Files
// of such numbers are safetensors with "x", "logits" and every parameter and running statistic by
// its name here, and say in the metadata the config and, one a line, what `--set` changes of it.
#pragma once
#include <sstream>

#include "core/tensor/safetensors.h"
#include "graph/cost.h"
#include "graph/passes/passes.h"
#include "graph/run/executor.h"
#include "ops/support/dnnl.h"
#include "places.h"
#include "train/graphs/pipeline.h"
#include "train/graphs/step_graph.h"

namespace cambium {
inline Experiment experiment_of(const SafeTensors& file) {
  std::vector<std::string> set;
  std::istringstream lines(file.metadata.at("set"));
  for (std::string line; std::getline(lines, line);) set.push_back(line);
  return open_experiment(load_spec(
      str(CAMBIUM_SOURCE_DIR "/configs/models/", file.metadata.at("config"), ".yaml"), set));
}

// The model without dropout and on its running statistics, by the passes of training and the
// kernels.
class ModelValues {
 public:
  explicit ModelValues(const SafeTensors& file)
      : experiment_(experiment_of(file)),
        plan_(compile(optimised(experiment_,
                                model_graph(experiment_, file.tensors.at("x").shape()[0], false)),
                      engine_)) {
    store_.add(plan_, 0);
    executor_ = std::make_unique<Executor>(plan_, store_);
  }

  int64_t parameters() const { return total_cost(plan_.graph).parameters; }

  // Of the file's "x". UserError when a tensor is missing, has another shape or is not the model's.
  Tensor logits(const SafeTensors& file) {
    require(file.tensors.size() == plan_.store.size() + 2, "the file holds ",
            file.tensors.size() - 2, " weights, the model ", plan_.store.size());
    for (const Leaf& leaf : plan_.store) {
      const auto found = file.tensors.find(leaf.name);
      require(found != file.tensors.end(), "the file has no ", leaf.name, " ", leaf.type);
      require(found->second.type() == leaf.type, leaf.name, " is ", found->second.type(), ", not ",
              leaf.type);
      std::memcpy(store_.at(leaf.name).data(), found->second.data(), size_t(leaf.type.bytes()));
    }
    executor_->set_input("x", file.tensors.at("x"));
    executor_->run();
    Tensor out(plan_.output_slots[0].type);
    std::memcpy(out.data(), executor_->output("logits").data(), size_t(out.bytes()));
    return out;
  }

 private:
  Engine engine_;
  Experiment experiment_;
  Plan plan_;
  Store store_;
  std::unique_ptr<Executor> executor_;
};
}  // namespace cambium
