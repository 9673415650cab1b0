// The tokenizers of llama2.c: scored pieces (data/text/bpe.h).
#include "core/error.h"
#include "core/system/files.h"
#include "data/text/bpe.h"
#include "data/tokenizers/tokenizer.h"

namespace cambium {
namespace {
class Llama2c final : public Tokenizer {
 public:
  explicit Llama2c(const std::string& path)
      : tokenizer_(path), content_(checksum_of_file(path).checksum) {}

  std::string_view kind() const override { return "llama2.c BPE"; }

  int64_t size() const override { return tokenizer_.size(); }

  uint64_t content() const override { return content_; }

  std::span<const SpecialToken> specials() const override { return specials_; }

  std::optional<int32_t> begin() const override { return BpeTokenizer::kBegin; }

  bool keeps_bytes() const override { return false; }  // a space stands in front

  void encode(std::string_view text, std::vector<int32_t>& ids) const override {
    const std::vector<int32_t> more = tokenizer_.encode(text);
    ids.insert(ids.end(), more.begin(), more.end());
  }

  std::string decode(std::span<const int32_t> ids) const override { return tokenizer_.decode(ids); }

  std::string piece(int32_t id) const override {
    for (const SpecialToken& s : specials_)
      if (s.id == id) return s.text;
    return tokenizer_.decode(std::span(&id, 1));
  }

 private:
  BpeTokenizer tokenizer_;
  uint64_t content_;
  std::vector<SpecialToken> specials_ = {{BpeTokenizer::kBegin, "<s>"},
                                         {BpeTokenizer::kEnd, "</s>"}};
};
}  // namespace

std::shared_ptr<const Tokenizer> load_llama2c(const std::string& path) {
  return std::make_shared<Llama2c>(path);
}
}  // namespace cambium
