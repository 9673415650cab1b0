#include "data/judged.h"

#include <algorithm>

#include "data/identity.h"
#include "data/slices.h"

namespace cambium {
namespace {
constexpr size_t kTextStep = 256;                     // bytes between hashes of text
constexpr int64_t kJudgedText = int64_t(16) << 20;    // bytes of a slice that are hashed as text
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

// One slice's text as it comes.
class TextHash {
 public:
  void add(const std::string& piece) {
    text_.bytes += int64_t(piece.size());
    text_.window = std::max(text_.window, int64_t(piece.size()));
    if (text_.bytes > kJudgedText) return;
    rest_ += piece;
    for (; rest_.size() >= kTextStep; rest_.erase(0, kTextStep))
      text_.steps.push_back(all_ = joined_hash({all_, hash_text(rest_.substr(0, kTextStep))}));
  }

  JudgedText done() {
    if (text_.steps.empty()) text_.steps.push_back(hash_text(rest_));  // too short for a step
    return std::move(text_);
  }

 private:
  JudgedText text_;
  std::string rest_;
  uint64_t all_ = 0;
};

// Adds the exact hash of all targets, and hashes of the text that they say. Windows of the slices
// take turns, by how many each has, so that the order of all tells how they are cut.
void add_text(const Dataset& data, Split split, Judged& to) {
  Targets targets(data, split);
  const Slicing slices = slicing_of(data, split);
  std::vector<TextHash> texts(std::max<size_t>(1, slices.names.size()));
  for (int64_t i = 0; i < data.count(split); ++i) {
    const Tensor& target = targets.at(i);
    to.exact = joined_hash({to.exact, hash_bytes(target.raw())});
    std::vector<int32_t> ids;
    for (const int32_t id : target.i32())
      if (id >= 0) ids.push_back(id);
    texts[slices.empty() ? 0 : size_t(slices.of[size_t(i)])].add(data.decode(ids));
  }
  auto& named = to.text[split == Split::kValidation ? 0 : 1];
  for (size_t k = 0; k < texts.size(); ++k)
    named[slices.empty() ? "" : slices.names[k]] = texts[k].done();
}

bool same_text(const JudgedText& a, const JudgedText& b) {
  if (std::abs(a.bytes - b.bytes) > std::max(a.window, b.window)) return false;
  const size_t both = std::min(a.steps.size(), b.steps.size());
  return a.steps[both - 1] == b.steps[both - 1];
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
  for (const size_t part : {0u, 1u})
    if (!std::ranges::equal(a.text[part], b.text[part], [](const auto& x, const auto& y) {
          return x.first == y.first && same_text(x.second, y.second);
        }))
      return false;
  return true;
}
}  // namespace cambium
