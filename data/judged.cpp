#include "data/judged.h"

#include <algorithm>

namespace cambium {
namespace {
constexpr size_t kJudgedText = 128;                   // bytes of a part that are compared
constexpr int64_t kJudgedExamples = 64;               // of a part whose targets are
constexpr int64_t kLargestJudged = int64_t(4) << 20;  // bytes; of larger ones the first alone

Batch example(const Dataset& data, Split split, int64_t index) {
  Batch batch = allocate_batch(data.shape(1));
  data.read(split, std::span(&index, 1), 0, batch);
  return batch;
}

// What the first targets of the part say.
std::string text_of(const Dataset& data, Split split) {
  std::string text;
  for (int64_t i = 0; i < data.count(split) && text.size() < kJudgedText; ++i) {
    const Batch batch = example(data, split, i);
    std::vector<int32_t> ids;
    for (const int32_t id : batch.target.i32())
      if (id >= 0) ids.push_back(id);
    text += data.decode(ids);
  }
  text.resize(std::min(text.size(), kJudgedText));
  return text;
}

uint64_t targets_of(const Dataset& data, Split split) {
  const int64_t n = data.count(split);
  const bool large = data.shape(1).x.bytes() > kLargestJudged;
  const int64_t most = std::min(n, large ? 1 : kJudgedExamples);
  uint64_t hash = uint64_t(n);
  for (int64_t k = 0; k < most; ++k) {
    const int64_t index = most == 1 ? 0 : k * (n - 1) / (most - 1);
    hash = joined_hash({hash, hash_bytes(example(data, split, index).target.raw())});
  }
  return hash;
}
}  // namespace

uint64_t judged_by(const Dataset& data) {
  const bool text = data.shape(1).causal && !data.symbol_bytes().empty();
  uint64_t hash = text;
  for (const Split split : {Split::kValidation, Split::kTest})
    hash = joined_hash({hash, text ? hash_text(text_of(data, split)) : targets_of(data, split)});
  return hash;
}
}  // namespace cambium
