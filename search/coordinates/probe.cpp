#include "search/coordinates/probe.h"

#include <cstring>

#include "train/run/evaluate.h"

namespace cambium {
Probe::Probe(const Experiment& e) {
  const TrainOptions& o = e.train.options;
  const Model& model = model_of(e, o.batch, true);
  Graph g = model.graph.clone();
  blocks_ = expose_blocks(g, model.blocks);
  plan_ = std::make_unique<Plan>(compile(std::move(g), engine_));
  store_.add(*plan_, uint64_t(o.seed));
  executor_ = std::make_unique<Executor>(*plan_, store_);
  const SamplerOptions order{
      .batch = o.batch, .seed = uint64_t(o.seed), .drop_last = true, .group = o.accumulate};
  loader_ = std::make_unique<Loader>(*e.data, Split::kTrain,
                                     LoaderOptions{.order = order, .prefetch = false});
  feed(*executor_, loader_->next());
  if (!executor_->has_input("rng")) return;
  const std::array<int64_t, 2> draw = {o.seed, 1};
  std::memcpy(executor_->input("rng").data(), draw.data(), sizeof draw);
}

std::vector<std::vector<float>> Probe::values(const Session& session) {
  const NamedTensors now = session.tensors();
  for (const Leaf& leaf : plan_->store) {
    const Tensor& from = *now.at(leaf.name);
    if (from.bytes() > 0)
      std::memcpy(store_.at(leaf.name).data(), from.data(), size_t(from.bytes()));
  }
  executor_->run();
  std::vector<std::vector<float>> out;
  for (const BlockOutput& b : blocks_) {
    const std::span<const std::byte> bytes = executor_->output(b.path);
    std::vector<float> values(bytes.size() / sizeof(float));
    if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    out.push_back(std::move(values));
  }
  return out;
}
}  // namespace cambium
