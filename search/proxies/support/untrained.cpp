#include "search/proxies/support/untrained.h"

#include <algorithm>

#include "ops/support/dnnl.h"
#include "train/run/evaluate.h"

namespace cambium {
Untrained::Untrained(const Experiment& e) : experiment_(e), size_(e.train.options.batch) {
  experiment_.precision = DType::kF32;
  const TrainOptions& o = experiment_.train.options;
  const LoaderOptions options{
      .order = {.batch = size_, .seed = uint64_t(o.seed), .drop_last = true, .group = o.accumulate},
      .prefetch = false};
  loader_ = std::make_unique<Loader>(*experiment_.data, Split::kTrain, options);
  batch_ = &loader_->next();
}

std::vector<std::vector<float>> Untrained::run(Graph g, const Changes& changes) const {
  g.updates.clear();
  Engine engine;
  const Plan plan = compile(std::move(g), engine);
  Store store;
  const int64_t seed = experiment_.train.options.seed;
  store.add(plan, uint64_t(seed));
  if (changes.weights) changes.weights(plan.store, store);
  Executor executor(plan, store);
  feed(executor, *batch_);
  if (executor.has_input("rng"))
    executor.set_input("rng", [&] {
      Tensor draw(DType::kI64, {2});
      draw.i64()[0] = seed;
      draw.i64()[1] = 1;
      return draw;
    }());
  if (changes.ones && batch_->x.type().dtype == DType::kF32) {
    Tensor ones(batch_->x.type());
    std::ranges::fill(ones.f32(), 1.0f);
    executor.set_input("x", ones);
  }
  executor.run_gradients();
  std::vector<std::vector<float>> out;
  for (const Output& o : plan.outputs) {
    const std::span<const std::byte> bytes = executor.output(o.name);
    out.emplace_back(bytes.size() / sizeof(float));
    std::memcpy(out.back().data(), bytes.data(), bytes.size());
  }
  return out;
}
}  // namespace cambium
