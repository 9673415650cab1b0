#include "data/judged.h"

#include <algorithm>

#include "data/identity.h"

namespace cambium {
namespace {
constexpr size_t kTextStep = 256;                     // bytes between hashes of text
constexpr size_t kJudgedText = size_t(16) << 20;      // bytes of a part that are hashed as text
constexpr int64_t kJudgedExamples = 64;               // of a part whose targets are, of other data
constexpr int64_t kLargestJudged = int64_t(4) << 20;  // bytes; of larger ones the first alone

// The targets of examples of a part, one after the other.
class Targets {
 public:
  Targets(const Dataset& data, Split split)
      : data_(data), split_(split), batch_(allocate_batch(data.shape(1))) {}

  const Tensor& at(int64_t index) {
    data_.read(split_, std::span(&index, 1), 0, batch_);
    return batch_.target;
  }

 private:
  const Dataset& data_;
  Split split_;
  Batch batch_;
};

// Adds the exact hash of all targets, and hashes of the text that they say.
void add_text(const Dataset& data, Split split, Judged& to) {
  Targets targets(data, split);
  std::vector<uint64_t>& steps = to.text[split == Split::kValidation ? 0 : 1];
  std::string text;
  uint64_t all = 0;
  size_t seen = 0;
  for (int64_t i = 0; i < data.count(split); ++i) {
    const Tensor& target = targets.at(i);
    to.exact = joined_hash({to.exact, hash_bytes(target.raw())});
    if (seen > kJudgedText) continue;
    std::vector<int32_t> ids;
    for (const int32_t id : target.i32())
      if (id >= 0) ids.push_back(id);
    text += data.decode(ids);
    for (; text.size() >= kTextStep; text.erase(0, kTextStep), seen += kTextStep)
      steps.push_back(all = joined_hash({all, hash_text(text.substr(0, kTextStep))}));
  }
  if (steps.empty()) steps.push_back(hash_text(text));  // too short to be known by a part of it
}

void add_targets(const Dataset& data, Split split, Judged& to) {
  const int64_t n = data.count(split);
  const bool large = data.shape(1).x.bytes() > kLargestJudged;
  const int64_t most = std::min(n, large ? 1 : kJudgedExamples);
  Targets targets(data, split);
  to.exact = joined_hash({to.exact, uint64_t(n)});
  for (int64_t k = 0; k < most; ++k) {
    const int64_t index = most == 1 ? 0 : k * (n - 1) / (most - 1);
    to.exact = joined_hash({to.exact, hash_bytes(targets.at(index).raw())});
  }
}
}  // namespace

Judged judged_by(const Dataset& data) {
  const DataShape shape = data.shape(1);
  const bool text = shape.causal && !data.symbol_bytes().empty();
  Judged out;
  if (text)
    out.cut = joined_hash({uint64_t(shape.target.shape.last()), hash_text(vocabulary_of(data))});
  for (const Split split : {Split::kValidation, Split::kTest})
    text ? add_text(data, split, out) : add_targets(data, split, out);
  return out;
}

bool ask_the_same(const Judged& a, const Judged& b) {
  if (a.exact == b.exact) return true;
  if (a.cut == b.cut || a.cut == 0 || b.cut == 0) return false;
  for (const size_t part : {0u, 1u}) {
    const std::vector<uint64_t>&x = a.text[part], &y = b.text[part];
    const size_t both = std::min(x.size(), y.size());
    if (both == 0 ? x.size() != y.size() : x[both - 1] != y[both - 1]) return false;
  }
  return true;
}
}  // namespace cambium
