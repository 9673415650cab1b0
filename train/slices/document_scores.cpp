#include "train/slices/document_scores.h"

#include <algorithm>
#include <cmath>

#include "data/assembly/tasks.h"
#include "data/held_documents.h"
#include "train/run/evaluate.h"

namespace cambium {
namespace {
// -log softmax(row)[target], and whether no score is larger nor, before it, as large.
struct RowScore {
  double loss;
  bool right;
};

RowScore score_row(std::span<const float> row, size_t target) {
  const auto top = std::ranges::max_element(row);
  double total = 0;
  for (const float v : row) total += std::exp(double(v) - double(*top));
  return {double(*top) + std::log(total) - double(row[target]),
          size_t(top - row.begin()) == target};
}

std::span<const float> logits_of(Executor& executor, const DataShape& shape) {
  const std::span<const std::byte> bytes = executor.output(output_name(shape));
  return {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
}

// Adds up the targets of one batch.
class Adder {
 public:
  Adder(const Dataset& data, Split split, const DataShape& shape)
      : documents_(dynamic_cast<const HoldsDocuments*>(&data)),
        split_(split),
        classes_(size_t(shape.classes)),
        each_(size_t(shape.target.shape.count() / std::max<int64_t>(1, shape.target.shape[0]))),
        symbol_bytes_(data.symbol_bytes()),
        of_(each_) {
    if (!documents_ && each_ != 1)
      throw UserError("this data does not say what its examples are of",
                      "data: {corpus: ...} does, and so does data with a class for each example");
  }

  void add(std::span<const float> logits, const Batch& batch, std::span<const int64_t> examples,
           std::vector<DocumentScore>& scores) {
    const std::span<const int32_t> target = batch.target.i32();
    for (size_t i = 0; i < examples.size(); ++i) {
      of_.assign(each_, int32_t(examples[i]));
      if (documents_) documents_->documents_of(split_, examples[i], of_);
      for (size_t t = 0; t < each_; ++t) {
        const int32_t wanted = target[i * each_ + t];
        if (wanted < 0 || of_[t] < 0) continue;
        if (size_t(of_[t]) >= scores.size()) scores.resize(size_t(of_[t]) + 1);
        DocumentScore& s = scores[size_t(of_[t])];
        const RowScore row =
            score_row(logits.subspan((i * each_ + t) * classes_, classes_), size_t(wanted));
        ++s.targets;
        s.loss += row.loss;
        s.correct += row.right;
        if (!symbol_bytes_.empty()) s.bytes += symbol_bytes_[size_t(wanted)];
      }
    }
  }

 private:
  const HoldsDocuments* documents_;
  Split split_;
  size_t classes_, each_;  // each_: targets of an example
  std::vector<int32_t> symbol_bytes_, of_;
};
}  // namespace

std::vector<DocumentScore> score_documents(Executor& executor, const Dataset& data, Split split,
                                           int64_t batch, const std::function<bool()>& stop) {
  const DataShape shape = data.shape(batch);
  if (shape.target_kind() != TargetKind::kClasses || shape.domain == Domain::kGraph)
    throw UserError("the loss of slices is that of classes, and this data has other targets",
                    "leave out --by");
  Adder adder(data, split, shape);
  std::vector<DocumentScore> scores;
  Batch read = allocate_batch(shape);
  const int64_t n = data.count(split);
  for (int64_t first = 0; first < n; first += batch) {
    if (stop && stop()) throw Stopped();
    std::vector<int64_t> examples;
    for (int64_t i = first; i < std::min(n, first + batch); ++i) examples.push_back(i);
    data.read(split, examples, 0, read);
    feed(executor, read);
    executor.run();
    adder.add(logits_of(executor, shape), read, examples, scores);
  }
  return scores;
}
}  // namespace cambium
