#include "train/run/evaluate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "data/loader.h"
#include "data/slices.h"

namespace cambium {
void feed(Executor& executor, const Batch& batch) {
  if (batch.version != 0 && executor.input_version("x") == batch.version) return;
  for (const BatchInput& input : batch_inputs()) {
    if (!executor.has_input(input.name)) continue;
    if (input.tensor)
      executor.set_input(input.name, batch.*input.tensor);
    else if (batch.adjacency)
      executor.set_input(input.name, *batch.adjacency);
  }
  executor.set_input_version("x", batch.version);
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

// What the batches of an evaluation add up to.
class Tally {
 public:
  Tally(const DataShape& shape, std::vector<int32_t> symbol_bytes)
      : kind_(shape.target_kind()),
        width_(size_t(shape.target.shape.last())),
        symbol_bytes_(std::move(symbol_bytes)) {}

  void add(Executor& executor) {
    const double n = executor.output_scalar("scored");
    loss_ += executor.output_scalar("loss") * n;
    scored_ += n;
    if (kind_ == TargetKind::kValues)
      return values_.add(as_floats(executor.output("prediction")),
                         as_floats(executor.input("target")), width_);
    correct_ += executor.output_scalar("correct");
    if (kind_ == TargetKind::kClasses) {
      add_bytes(executor);
      return add_class_counts(executor, counts_);
    }
    edits_ += executor.output_scalar("edits");
    symbols_ += executor.output_scalar("symbols");
    sequences_ += executor.output_scalar("sequences");
  }

  Metrics metrics() const {
    Metrics m{.scored = int64_t(scored_), .kind = kind_};
    if (scored_ > 0) m.loss = loss_ / scored_;
    if (kind_ == TargetKind::kValues) {
      m.mae = values_.mae();
      m.r2 = values_.r2();
    } else if (kind_ == TargetKind::kSequences) {
      if (sequences_ > 0) m.accuracy = correct_ / sequences_;
      if (symbols_ > 0) m.label_error_rate = edits_ / symbols_;
    } else if (scored_ > 0) {
      m.accuracy = counts_.empty() ? correct_ / scored_ : macro_accuracy(counts_);
      if (bytes_ > 0) m.bits_per_byte = loss_ / std::numbers::ln2 / bytes_;
    }
    return m;
  }

 private:
  void add_bytes(Executor& executor) {
    if (symbol_bytes_.empty()) return;
    const std::span<const std::byte> raw = executor.input(kTarget);
    const std::span<const int32_t> targets(reinterpret_cast<const int32_t*>(raw.data()),
                                           raw.size() / sizeof(int32_t));
    for (const int32_t target : targets)
      if (target >= 0) bytes_ += symbol_bytes_[size_t(target)];
  }

  const TargetKind kind_;
  const size_t width_;
  const std::vector<int32_t> symbol_bytes_;  // by class; empty: not known
  double loss_ = 0, scored_ = 0, bytes_ = 0, correct_ = 0, edits_ = 0, symbols_ = 0, sequences_ = 0;
  std::vector<double> counts_;  // sums of class_counts
  ValueSums values_;
};

// Batches hold examples of one slice each, so that what a batch sums up is its slice's.
Metrics evaluate_slices(Executor& executor, const Dataset& data, Split split, int64_t batch,
                        int64_t most_batches, const Slicing& slicing) {
  Tally all(data.shape(batch), data.symbol_bytes());
  std::vector<Tally> of(slicing.names.size(), all);
  int64_t examples = data.count(split);
  if (most_batches > 0) examples = std::min(examples, most_batches * batch);
  Batch read = allocate_batch(data.shape(batch));
  for (const SliceBatch& b : slice_batches(slicing, examples, batch)) {
    data.read(split, b.examples, 0, read);
    feed(executor, read);
    executor.run();
    all.add(executor);
    of[b.slice].add(executor);
  }
  Metrics m = all.metrics();
  for (size_t k = 0; k < of.size(); ++k)
    if (Metrics own = of[k].metrics(); own.scored > 0)
      m.parts.push_back({slice_name(slicing, k), std::move(own), true});
  return m;
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
  if (const Slicing slicing = slicing_of(data, split); !slicing.empty())
    return evaluate_slices(executor, data, split, batch, most_batches, slicing);
  Tally tally(data.shape(batch), data.symbol_bytes());
  const auto run = [&] {
    executor.run();
    tally.add(executor);
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
  return tally.metrics();
}

bool has_test_part(const Experiment& e) {
  if (e.data->count(Split::kTest) > 0 || e.sets.empty()) return has_test_part(*e.data);
  return std::ranges::any_of(e.sets, [](const EvaluationSet& s) { return has_test_part(*s.data); });
}

Metrics evaluate(Executor& executor, const Experiment& e, Split split, int64_t most_batches) {
  const int64_t batch = e.train.options.batch;
  Metrics all{.kind = e.data->shape(1).target_kind()};
  if (e.data->count(split) > 0) all = evaluate(executor, *e.data, split, batch, most_batches);
  if (split == Split::kTrain) return all;
  for (const EvaluationSet& set : e.sets) {
    const Split there = set.data->count(split) > 0 ? split : Split::kValidation;
    Metrics m = evaluate(executor, *set.data, there, batch, most_batches);
    std::vector<PartMetrics> slices = std::exchange(m.parts, {});
    all.parts.push_back({set.name, std::move(m)});
    for (PartMetrics& slice : slices)
      all.parts.push_back({str(set.name, ".", slice.name), std::move(slice.metrics), true});
  }
  return all;
}

void require_finite(const Metrics& m, int64_t step) {
  const auto check = [&](double loss, const std::string& of) {
    if (!std::isfinite(loss))
      throw RuntimeError(str("step ", step, ": the validation loss", of, " is ", loss),
                         "lower the learning rate, add a warm-up, or set train.clip: 1");
  };
  check(m.loss, "");
  for (const PartMetrics& part : m.parts) check(part.metrics.loss, str(" on '", part.name, "'"));
}
}  // namespace cambium
