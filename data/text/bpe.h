// BPE: byte-pair encoding (Sennrich et al. 2016, arXiv 1508.07909) with scored pieces, as in
// SentencePiece (Kudo and Richardson 2018, arXiv 1808.06226): of all neighbours that together are a
// piece, those of the highest score merge first.
#pragma once
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cambium {
class BpeTokenizer {
 public:
  static constexpr int32_t kBegin = 1, kEnd = 2, kFirstByte = 3;  // <s>, </s>, <0x00>

  // Reads llama2.c's form: i32 length of the longest piece, then for each token f32 score, i32
  // length, bytes; little-endian. UserError for a file that ends early or has wrong lengths.
  explicit BpeTokenizer(const std::string& path);

  int64_t size() const { return int64_t(pieces_.size()); }

  // Text gets a space in front, as in training; what is no piece is spelled in bytes.
  std::vector<int32_t> encode(std::string_view text) const;

  std::string decode(std::span<const int32_t> ids) const;

 private:
  void merge(std::vector<int32_t>& ids) const;

  std::vector<std::string> pieces_;
  std::vector<float> scores_;
  std::map<std::string, int32_t, std::less<>> id_of_;
};
}  // namespace cambium
