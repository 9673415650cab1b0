#include "data/corpus/vocabulary.h"

#include "data/text/text.h"

namespace cambium {
namespace {
class ByteVocabulary final : public Vocabulary {
 public:
  int64_t size() const override { return kBegin + 1; }

  std::string_view unit() const override { return "bytes"; }

  uint64_t content() const override { return 0; }

  std::vector<int32_t> symbol_bytes() const override {
    std::vector<int32_t> bytes(size_t(kBegin) + 1, 1);
    bytes[kBegin] = 0;
    return bytes;
  }

  bool is_bytes() const override { return true; }

  void append_document(std::string_view text, std::vector<int32_t>& ids) const override {
    ids.reserve(ids.size() + text.size() + 1);
    ids.push_back(kBegin);
    for (const char c : text) ids.push_back(uint8_t(c));
  }

  std::string name(int32_t id) const override {
    return id == kBegin ? std::string("<|endoftext|>") : std::string(1, char(id));
  }

  std::string decode(std::span<const int32_t> ids) const override {
    std::string out;
    for (const int32_t id : ids) {
      require(id >= 0 && id <= kBegin, "symbol ", id, " is outside the vocabulary of ", size());
      if (id != kBegin) out += char(id);
    }
    return out;
  }

 private:
  static constexpr int32_t kBegin = 256;
};

class PieceVocabulary final : public Vocabulary {
 public:
  explicit PieceVocabulary(const std::string& path) : tokenizer_(open_tokenizer(path)) {
    if (!tokenizer_->begin())
      throw OptionError("tokenizer",
                        str(path, ": ", tokenizer_->specials().size(),
                            " special tokens, of which none is known to begin a document"),
                        "add one that is called <|endoftext|>");
  }

  int64_t size() const override { return tokenizer_->size(); }

  std::string_view unit() const override { return "tokens"; }

  uint64_t content() const override { return tokenizer_->content(); }

  std::vector<int32_t> symbol_bytes() const override { return tokenizer_->piece_bytes(); }

  void append_document(std::string_view text, std::vector<int32_t>& ids) const override {
    ids.push_back(*tokenizer_->begin());
    tokenizer_->encode(text, ids);
  }

  std::string name(int32_t id) const override { return tokenizer_->piece(id); }

  std::string decode(std::span<const int32_t> ids) const override {
    return tokenizer_->decode(ids);
  }

 private:
  std::shared_ptr<const Tokenizer> tokenizer_;
};
}  // namespace

std::shared_ptr<const Vocabulary> open_vocabulary(const std::string& tokenizer) {
  if (tokenizer.empty()) return std::make_shared<ByteVocabulary>();
  return std::make_shared<PieceVocabulary>(tokenizer);
}
}  // namespace cambium
