#include "train/evaluate.h"

#include "data/loader.h"

namespace cambium {
void feed(Executor& executor, const Batch& batch) {
  if (batch.version != 0 && executor.input_version("x") == batch.version) return;
  executor.set_input("x", batch.x);
  executor.set_input_version("x", batch.version);
  if (executor.has_input("target")) executor.set_input("target", batch.target);
  if (batch.adjacency && executor.has_input("adjacency"))
    executor.set_input("adjacency", *batch.adjacency);
}

Metrics evaluate(Executor& executor, const Dataset& data, Split split, int64_t batch,
                 int64_t most_batches) {
  double loss = 0, correct = 0, scored = 0;
  const auto run = [&] {
    executor.run();
    const double n = executor.output_scalar("scored");
    loss += executor.output_scalar("loss") * n;
    correct += executor.output_scalar("correct");
    scored += n;
  };
  if (data.version(split) != 0 && executor.input_version("x") == data.version(split)) {
    run();  // the one batch there is was fed before
  } else {
    Loader loader(data, split, {.order = {.batch = batch, .shuffle = false}});
    int64_t batches = loader.batches_per_epoch();
    if (most_batches > 0) batches = std::min(batches, most_batches);
    for (int64_t b = 0; b < batches; ++b) {
      feed(executor, loader.next());
      run();
    }
  }
  if (scored == 0) return {};
  return {loss / scored, correct / scored, int64_t(scored)};
}
}  // namespace cambium
