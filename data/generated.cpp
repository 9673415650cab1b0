#include "data/generated.h"

#include <algorithm>

namespace cambium {
namespace {
class SequenceSet final : public Dataset {
 public:
  SequenceSet(SequenceTask task, uint64_t seed) : task_(std::move(task)), seed_(seed) {}

  DataShape shape(int64_t batch) const override {
    return {.domain = Domain::kIds,
            .x = {DType::kI32, {batch, task_.context}},
            .target = {DType::kI32, {batch, task_.context}},
            .classes = task_.vocab,
            .causal = task_.causal,
            .most_scored = task_.most_scored * batch};
  }

  int64_t count(Split split) const override { return task_.counts.of(split); }

  void read(Split split, std::span<const int64_t> indices, uint64_t epoch_seed,
            Batch& into) const override {
    const size_t T = size_t(task_.context);
    const std::span<int32_t> x = into.x.i32(), target = into.target.i32();
    std::ranges::fill(x, 0);
    std::ranges::fill(target, -1);
    const uint64_t fresh = task_.fresh && split == Split::kTrain ? epoch_seed : 0;
    for (size_t i = 0; i < indices.size(); ++i) {
      const uint64_t example = uint64_t(split) << 62 | uint64_t(indices[i]);
      Random random(seed_ ^ fresh, stream_of(task_.name) ^ example);
      task_.write({split, indices[i], random, x.subspan(i * T, T), target.subspan(i * T, T)});
    }
    into.examples = int64_t(indices.size());
  }

  std::vector<std::pair<std::string, ArgValue>> vars() const override {
    return {{"classes", task_.vocab}, {"vocab", task_.vocab}, {"context", task_.context}};
  }

  std::string describe() const override {
    return str(task_.counts.train, " train, ", task_.counts.val, " val, ", task_.counts.test,
               " test sequences of ", task_.context, " tokens, ", task_.vocab,
               " symbols, generated", task_.fresh ? " anew each epoch" : "");
  }

  std::vector<std::pair<std::string, double>> reference_losses() const override {
    return task_.reference_losses;
  }

 private:
  SequenceTask task_;
  uint64_t seed_;
};
}  // namespace

std::unique_ptr<Dataset> open_sequences(SequenceTask task, uint64_t seed) {
  return std::make_unique<SequenceSet>(std::move(task), seed);
}

void require_even(const std::string& option, int64_t value, std::string_view why) {
  if (value % 2)
    throw OptionError(option, str(option, " = ", value, " is odd; ", why),
                      str("use ", option, ": ", value + 1));
}
}  // namespace cambium
