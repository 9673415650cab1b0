#include "data/tokenizers/train_bpe.h"

#include <algorithm>
#include <queue>
#include <unordered_map>

namespace cambium {
namespace {
struct PairCount {
  int64_t count = 0;
  bool grown = false;           // by the merge at hand
  std::vector<uint32_t> words;  // where it occurs, or did
};

struct Candidate {
  int64_t count;
  int32_t left, right, pair;

  bool operator<(const Candidate& o) const {
    if (count != o.count) return count < o.count;
    return left != o.left ? left > o.left : right > o.right;
  }
};

// The pre-tokens as ids, the counts of their pairs, and a queue of these. What grows is queued
// anew, and what shrinks mended when it surfaces, so that no count in the queue is too low.
class Merging {
 public:
  explicit Merging(const PretokenCounts& counts) {
    for (const PretokenCounts::Entry& e : counts.entries()) {
      const std::string_view text = counts.text_of(e);
      words_.push_back({ids_.size(), uint32_t(text.size()), e.count});
      for (const char c : text) ids_.push_back(uint8_t(c));
      const auto word = uint32_t(words_.size() - 1);
      for (size_t i = 0; i + 1 < text.size(); ++i)
        change(uint8_t(text[i]), uint8_t(text[i + 1]), word, e.count);
    }
    queue_grown();
  }

  // The next pair to merge, of count 0 when there is none.
  Candidate next() {
    while (!queue_.empty()) {
      Candidate c = queue_.top();
      queue_.pop();
      const int64_t now = pairs_[size_t(c.pair)].count;
      if (now == c.count) return c;
      c.count = now;
      if (now > 0) queue_.push(c);
    }
    return {};
  }

  void merge(const Candidate& c, int32_t into) {
    const std::vector<uint32_t> words = std::move(pairs_[size_t(c.pair)].words);
    pairs_[size_t(c.pair)].words = {};
    for (const uint32_t w : words) merge_in(w, c.left, c.right, into);
    queue_grown();
  }

 private:
  struct Word {
    size_t at;
    uint32_t size;
    int64_t count;
  };

  void change(int32_t left, int32_t right, uint32_t word, int64_t by) {
    const int32_t pair = index_.add(left, right, int32_t(pairs_.size()));
    if (size_t(pair) == pairs_.size()) pairs_.emplace_back();
    PairCount& p = pairs_[size_t(pair)];
    p.count += by;
    if (by <= 0) return;
    if (p.words.empty() || p.words.back() != word) p.words.push_back(word);
    if (!p.grown) grown_.push_back({0, left, right, pair});
    p.grown = true;
  }

  // From left to right, each pair's count follows as its neighbours change.
  void merge_in(uint32_t w, int32_t left, int32_t right, int32_t into) {
    Word& word = words_[w];
    int32_t* ids = ids_.data() + word.at;
    uint32_t to = 0;
    for (uint32_t from = 0; from < word.size; ++from, ++to) {
      if (ids[from] != left || from + 1 == word.size || ids[from + 1] != right) {
        ids[to] = ids[from];
        continue;
      }
      change(left, right, w, -word.count);
      if (to > 0) {
        change(ids[to - 1], left, w, -word.count);
        change(ids[to - 1], into, w, word.count);
      }
      if (from + 2 < word.size) {
        change(right, ids[from + 2], w, -word.count);
        change(into, ids[from + 2], w, word.count);
      }
      ids[to] = into;
      ++from;
    }
    word.size = to;
  }

  void queue_grown() {
    for (Candidate c : grown_) {
      PairCount& p = pairs_[size_t(c.pair)];
      p.grown = false;
      c.count = p.count;
      if (c.count > 0) queue_.push(c);
    }
    grown_.clear();
  }

  std::vector<int32_t> ids_;
  std::vector<Word> words_;
  PairTable<int32_t> index_;
  std::vector<PairCount> pairs_;
  std::vector<Candidate> grown_;
  std::priority_queue<Candidate> queue_;
};
}  // namespace

ByteBpeModel train_bpe(const PretokenCounts& counts, const BpeTraining& training) {
  ByteBpeModel model;
  for (int byte = 0; byte < 256; ++byte) model.pieces.emplace_back(1, char(byte));
  std::unordered_map<std::string, int32_t> ids;
  Merging merging(counts);
  while (int64_t(model.pieces.size()) + 1 < training.vocab) {
    const Candidate c = merging.next();
    if (c.count < std::max<int64_t>(1, training.least)) break;
    std::string piece = model.pieces[size_t(c.left)] + model.pieces[size_t(c.right)];
    // Another pair may have made the same piece, which stays one token.
    const auto [known, fresh] = ids.try_emplace(piece, int32_t(model.pieces.size()));
    model.merges.push_back({c.left, c.right, known->second, int32_t(model.merges.size())});
    if (fresh) model.pieces.push_back(std::move(piece));
    merging.merge(c, known->second);
  }
  model.specials.push_back({int32_t(model.pieces.size()), std::string(kEndOfText)});
  model.pieces.emplace_back(kEndOfText);
  return model;
}
}  // namespace cambium
