// Ranks of tiktoken: a line "base64 rank" for each piece. A pair of neighbours merges when together
// they are a piece, the pair of the lowest rank first; the rank is the id.
#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "core/error.h"
#include "core/system/files.h"
#include "data/tokenizers/byte_bpe.h"
#include "data/tokenizers/train_bpe.h"

namespace cambium {
namespace {
constexpr int64_t kLargestFile = 64 << 20;
constexpr size_t kLongestPiece = 1024;  // a piece is looked up in every part of it

// Strict; nothing when it is no base64.
std::optional<std::string> from_base64(std::string_view text) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  const size_t filled = text.find_last_not_of('=') + 1;
  if (text.size() - filled > 2) return std::nullopt;
  std::string out;
  uint32_t bits = 0;
  for (size_t i = 0; i < filled; ++i) {
    const size_t digit = kDigits.find(text[i]);
    if (digit == kDigits.npos) return std::nullopt;
    bits = bits << 6 | uint32_t(digit);
    if (i % 4 > 0) out += char(bits >> (6 - 2 * (i % 4)));
  }
  return out;
}

class Ranks {
 public:
  explicit Ranks(const std::string& path) : path_(path) {
    const std::string content = read_file(path, kLargestFile + 1);
    if (int64_t(content.size()) > kLargestFile)
      throw UserError(str(path, ": more than ", kLargestFile, " bytes"),
                      "ranks of tiktoken take a few MB; is it another file?");
    std::string_view rest = content;
    for (int line = 1; !rest.empty(); ++line) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      std::string_view text = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (text.ends_with('\r')) text.remove_suffix(1);
      if (!text.empty()) add(text, line);
    }
  }

  ByteBpeModel model() const {
    ByteBpeModel m;
    const size_t n = rank_of_.size();
    int32_t last = -1;
    for (const auto& [piece, rank] : rank_of_) last = std::max(last, rank);
    require(last < int64_t(n) + 16, path_, ": ", n, " ranks go up to ", last,
            ": more than a few are left out");
    m.pieces.resize(size_t(last) + 1);
    for (const auto& [piece, rank] : rank_of_) m.pieces[size_t(rank)] = piece;
    const auto gap = std::ranges::find(m.pieces, std::string());
    const auto special = int32_t(gap - m.pieces.begin());
    add_merges(m);
    if (size_t(special) == m.pieces.size()) m.pieces.emplace_back();
    m.pieces[size_t(special)] = kEndOfText;
    m.specials.push_back({special, std::string(kEndOfText)});
    return m;
  }

  size_t size() const { return rank_of_.size(); }

 private:
  [[noreturn]] void fail(int line, const std::string& what) const {
    throw UserError(str(path_, ": ", what), "a line is base64, a space and a whole number",
                    {path_, line, 1});
  }

  void add(std::string_view text, int line) {
    const size_t space = text.find(' ');
    const auto piece = from_base64(text.substr(0, space));
    if (space == text.npos || !piece) fail(line, "this line does not begin with base64");
    int32_t rank = -1;
    const char *begin = text.data() + space + 1, *end = text.data() + text.size();
    const auto [behind, error] = std::from_chars(begin, end, rank);
    if (error != std::errc() || behind != end || rank < 0) fail(line, "this line has no rank");
    if (piece->size() > kLongestPiece)
      fail(line, str("a piece of ", piece->size(), " bytes, at most ", kLongestPiece, " are read"));
    if (!ranks_.try_emplace(rank, line).second)
      fail(line, str("rank ", rank, " stands in line ", ranks_[rank], " already"));
    if (!rank_of_.try_emplace(*piece, rank).second)
      fail(line, str("the same piece has the rank ", rank_of_[*piece], " already"));
  }

  // Every way to make a piece of two.
  void add_merges(ByteBpeModel& m) const {
    for (const std::string& piece : m.pieces)
      for (size_t cut = 1; cut < piece.size(); ++cut) {
        const auto left = rank_of_.find(piece.substr(0, cut));
        const auto right = rank_of_.find(piece.substr(cut));
        const auto into = int32_t(&piece - m.pieces.data());
        if (left != rank_of_.end() && right != rank_of_.end())
          m.merges.push_back({left->second, right->second, into, into});
      }
  }

  std::string path_;
  std::unordered_map<std::string, int32_t> rank_of_;
  std::unordered_map<int32_t, int> ranks_;  // the lines they stand in
};
}  // namespace

std::shared_ptr<const Tokenizer> load_tiktoken(const std::string& path) {
  const Ranks ranks(path);
  for (const auto& [size, name] : {std::pair<size_t, std::string_view>(100256, "cl100k_base"),
                                   std::pair<size_t, std::string_view>(199998, "o200k_base")})
    if (ranks.size() == size)
      throw UserError(str(path, ": ", size, " ranks are those of ", name,
                          ", which cuts words by another pattern than GPT-2's"),
                      "r50k_base (GPT-2's own) and p50k_base are read, and what is trained here");
  return std::make_shared<ByteBpe>(ranks.model(), path);
}
}  // namespace cambium
