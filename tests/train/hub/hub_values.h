// HubValues: what an imported model answers to the inputs of a file.
#pragma once
#include "core/tensor/safetensors.h"
#include "graph/passes/passes.h"
#include "graph/run/executor.h"
#include "ops/support/dnnl.h"
#include "train/graphs/pipeline.h"
#include "train/hub/import_hub.h"
#include "train/spec/experiment.h"

namespace cambium::test {
// The spec on examples of the file's size: tokens are as many as x has, images as large.
inline Experiment experiment_for(const std::string& spec, const SafeTensors& file) {
  Spec parsed{"imported", parse_yaml(spec, "imported")};
  const Shape& x = file.tensors.at("x").shape();
  Yaml* vars = parsed.root.find("vars");
  for (const auto& [name, value] : {std::pair{"length", x[1]}, {"image", x[1]}})
    if (Yaml* v = vars ? vars->find(name) : nullptr) v->text = str(value);
  return open_experiment(std::move(parsed));
}

class HubModelValues {
 public:
  HubModelValues(const std::string& spec, const SafeTensors& file)
      : experiment_(experiment_for(spec, file)),
        plan_(compile(optimised(experiment_,
                                model_graph(experiment_, file.tensors.at("x").shape()[0], false)),
                      engine_)) {
    store_.add(plan_, 0);
    executor_ = std::make_unique<Executor>(plan_, store_);
  }

  // As they start.
  std::map<std::string, Tensor, std::less<>> weights() const {
    std::map<std::string, Tensor, std::less<>> out;
    for (const Leaf& leaf : plan_.store) out.emplace(leaf.name, store_.at(leaf.name).clone());
    return out;
  }

  const Experiment& experiment() const { return experiment_; }

  Tensor logits(const std::map<std::string, Tensor, std::less<>>& weights,
                const SafeTensors& file) {
    for (const Leaf& leaf : plan_.store) {
      const auto found = weights.find(leaf.name);
      require(found != weights.end() && found->second.type() == leaf.type, "no ", leaf.name);
      std::memcpy(store_.at(leaf.name).data(), found->second.data(), size_t(leaf.type.bytes()));
    }
    for (const char* input : {"x", "decoder"})
      if (const auto t = file.tensors.find(input); t != file.tensors.end())
        executor_->set_input(input, t->second);
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
}  // namespace cambium::test
