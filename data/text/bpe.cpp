#include "data/text/bpe.h"

#include <cstring>
#include <queue>

#include "core/system/files.h"
#include "core/text/utf8.h"

namespace cambium {
namespace {
constexpr int32_t kLongestPiece = 1 << 16;

// Reads numbers and bytes off a file, with its name in every complaint.
class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path), content_(read_file(path)) {}

  template <class T> T number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  std::string_view take(size_t bytes) {
    require(content_.size() - at_ >= bytes, path_,
            ": not a tokenizer of llama2.c: it ends at byte ", content_.size(), ", where ", bytes,
            " more belong at byte ", at_);
    at_ += bytes;
    return std::string_view(content_).substr(at_ - bytes, bytes);
  }

  bool done() const { return at_ == content_.size(); }

 private:
  std::string path_, content_;
  size_t at_ = 0;
};

size_t bytes_of_character(uint8_t lead) {
  return lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
}

// The byte that a piece "<0x0A>" stands for, or -1.
int byte_of(std::string_view piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece[5] != '>') return -1;
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  const int high = digit(piece[3]), low = digit(piece[4]);
  return high < 0 || low < 0 ? -1 : 16 * high + low;
}
}  // namespace

BpeTokenizer::BpeTokenizer(const std::string& path) {
  Reader file(path);
  const auto longest = file.number<int32_t>();
  require(longest > 0 && longest <= kLongestPiece, path,
          ": not a tokenizer of llama2.c: its longest piece has ", longest, " bytes");
  while (!file.done()) {
    const auto score = file.number<float>();
    const auto length = file.number<int32_t>();
    require(length >= 0 && length <= longest, path, ": token ", pieces_.size(), " has ", length,
            " bytes, the longest should have ", longest);
    pieces_.emplace_back(file.take(size_t(length)));
    scores_.push_back(score);
    id_of_.try_emplace(pieces_.back(), int32_t(pieces_.size()) - 1);
  }
  require(size() >= kFirstByte + 256, path, ": ", size(),
          " tokens do not hold <s>, </s> and the 256 bytes");
}

std::vector<int32_t> BpeTokenizer::encode(std::string_view text) const {
  std::vector<int32_t> ids;
  if (text.empty()) return ids;
  if (const auto space = id_of_.find(" "); space != id_of_.end()) ids.push_back(space->second);
  for (size_t at = 0; at < text.size();) {
    const size_t length = std::min(bytes_of_character(uint8_t(text[at])), text.size() - at);
    const auto known = id_of_.find(text.substr(at, length));
    if (known != id_of_.end())
      ids.push_back(known->second);
    else
      for (const char c : text.substr(at, length)) ids.push_back(kFirstByte + uint8_t(c));
    at += length;
  }
  merge(ids);
  return ids;
}

// Merges the best pair, the leftmost of equals, until none is a piece. A heap of pairs over a
// linked list keeps this at n log n; pairs that are gone are skipped when they surface.
void BpeTokenizer::merge(std::vector<int32_t>& ids) const {
  const auto n = int64_t(ids.size());
  std::vector<int64_t> next(static_cast<size_t>(n)), before(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) {
    next[size_t(i)] = i + 1 < n ? i + 1 : -1;
    before[size_t(i)] = i - 1;
  }

  struct Pair {
    float score;
    int64_t left, right;
    int32_t left_id, right_id, merged;

    bool operator<(const Pair& o) const {
      return score != o.score ? score < o.score : left > o.left;
    }
  };

  std::priority_queue<Pair> pairs;
  const auto offer = [&](int64_t left) {
    if (left < 0 || next[size_t(left)] < 0) return;
    const int64_t right = next[size_t(left)];
    const int32_t a = ids[size_t(left)], b = ids[size_t(right)];
    const auto known = id_of_.find(pieces_[size_t(a)] + pieces_[size_t(b)]);
    if (known != id_of_.end())
      pairs.push({scores_[size_t(known->second)], left, right, a, b, known->second});
  };
  for (int64_t i = 0; i + 1 < n; ++i) offer(i);
  while (!pairs.empty()) {
    const Pair p = pairs.top();
    pairs.pop();
    if (ids[size_t(p.left)] != p.left_id || next[size_t(p.left)] != p.right ||
        ids[size_t(p.right)] != p.right_id)
      continue;
    ids[size_t(p.left)] = p.merged;
    ids[size_t(p.right)] = -1;
    next[size_t(p.left)] = next[size_t(p.right)];
    if (next[size_t(p.right)] >= 0) before[size_t(next[size_t(p.right)])] = p.left;
    offer(before[size_t(p.left)]);
    offer(p.left);
  }
  std::erase(ids, -1);
}

std::string BpeTokenizer::decode(std::span<const int32_t> ids) const {
  std::string out;
  for (const int32_t id : ids) {
    require(id >= 0 && id < size(), "token ", id, " is outside the vocabulary of ", size());
    if (id == kBegin || id == kEnd) continue;
    const std::string& piece = pieces_[size_t(id)];
    const int byte = byte_of(piece);
    if (byte >= 0)
      out += char(byte);
    else
      out += piece;
  }
  return out;
}
}  // namespace cambium
