#include "train/evaluate.h"

#include <algorithm>

#include "data/loader.h"

namespace cambium {
void feed(Executor& executor, const Batch& batch) {
  if (batch.version != 0 && executor.input_version("x") == batch.version) return;
  executor.set_input("x", batch.x);
  executor.set_input_version("x", batch.version);
  if (executor.has_input("target")) executor.set_input("target", batch.target);
  if (executor.has_input("mask")) executor.set_input("mask", batch.mask);
  if (executor.has_input("decoder")) executor.set_input("decoder", batch.decoder);
  if (executor.has_input("pairs")) executor.set_input("pairs", batch.pairs);
  if (batch.adjacency && executor.has_input("adjacency"))
    executor.set_input("adjacency", *batch.adjacency);
}

namespace {
// Adds the output "class_counts", if the plan has it.
void add_class_counts(Executor& executor, std::vector<double>& to) {
  const auto& outputs = executor.plan().graph.outputs;
  if (std::ranges::find(outputs, "class_counts", &Output::name) == outputs.end()) return;
  const std::span<const std::byte> bytes = executor.output("class_counts");
  const auto* counts = reinterpret_cast<const float*>(bytes.data());
  to.resize(bytes.size() / sizeof(float));
  for (size_t i = 0; i < to.size(); ++i) to[i] += double(counts[i]);
}

std::span<const float> as_floats(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
}
}  // namespace

double macro_accuracy(std::span<const double> counts) {
  const size_t n = counts.size() / 3;
  double sum = 0;
  int64_t classes = 0;
  for (size_t v = 0; v < n; ++v) {
    const double right = counts[v], targets = counts[n + v], answers = counts[2 * n + v];
    if (targets + answers == 0) continue;
    ++classes;
    if (targets > 0) sum += right / targets;
  }
  return classes > 0 ? sum / double(classes) : 0;
}

Metrics evaluate(Executor& executor, const Dataset& data, Split split, int64_t batch,
                 int64_t most_batches) {
  double loss = 0, correct = 0, scored = 0;
  const DataShape shape = data.shape(batch);
  const bool classes = shape.target_kind() == TargetKind::kClasses;
  std::vector<double> counts;  // sums of class_counts
  ValueSums values;
  const auto run = [&] {
    executor.run();
    const double n = executor.output_scalar("scored");
    loss += executor.output_scalar("loss") * n;
    scored += n;
    if (!classes)
      return values.add(as_floats(executor.output("prediction")),
                        as_floats(executor.input("target")), size_t(shape.target.shape.last()));
    correct += executor.output_scalar("correct");
    add_class_counts(executor, counts);
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
  if (scored == 0) return {.values = !classes};
  if (!classes)
    return {.loss = loss / scored,
            .scored = int64_t(scored),
            .values = true,
            .mae = values.mae(),
            .r2 = values.r2()};
  const double accuracy = counts.empty() ? correct / scored : macro_accuracy(counts);
  return {.loss = loss / scored, .accuracy = accuracy, .scored = int64_t(scored)};
}
}  // namespace cambium
