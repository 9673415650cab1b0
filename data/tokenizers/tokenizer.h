// Tokenizer: texts as ids of pieces, and back. One file a kind; readers and the writer of files
// beside them.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cambium {
struct SpecialToken {  // stands for no text: a text that spells it is cut as any other
  int32_t id;
  std::string text;

  bool operator==(const SpecialToken&) const = default;
};

// Immutable and safe to use from several threads.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  virtual std::string_view kind() const = 0;  // "byte-level BPE", "WordPiece", "llama2.c BPE"
  virtual int64_t size() const = 0;           // ids are 0 to size - 1
  virtual uint64_t content() const = 0;       // other pieces or rules, another number

  virtual std::span<const SpecialToken> specials() const = 0;

  // The special token that begins a document. GPT-2's, and that of what is trained here, is
  // <|endoftext|>, the last id.
  virtual std::optional<int32_t> begin() const = 0;

  // Whether a text comes back from its ids byte for byte.
  virtual bool keeps_bytes() const = 0;

  // Appends the ids of a text; no special token.
  virtual void encode(std::string_view text, std::vector<int32_t>& ids) const = 0;

  // Special tokens are written as nothing. UserError for an id outside.
  virtual std::string decode(std::span<const int32_t> ids) const = 0;

  // The bytes that an id stands for as its file says; of a special token its name. An id in
  // [0, size).
  virtual std::string piece(int32_t id) const = 0;

  // By id: how many bytes of text a token stands for, 0 for a special one. Empty where pieces do
  // not make up the text.
  virtual std::vector<int32_t> piece_bytes() const;

  bool is_special(int32_t id) const {
    for (const SpecialToken& s : specials())
      if (s.id == id) return true;
    return false;
  }
};

// A tokenizer.json of Hugging Face (byte-level BPE or WordPiece), ranks of tiktoken, or a
// tokenizer.bin of llama2.c: what it is says its content. UserErrors with path and place.
std::shared_ptr<const Tokenizer> load_tokenizer(const std::string& path);

// The readers of one form each.
std::shared_ptr<const Tokenizer> load_tokenizer_json(const std::string& path);
std::shared_ptr<const Tokenizer> load_tiktoken(const std::string& path);
std::shared_ptr<const Tokenizer> load_llama2c(const std::string& path);

// Of the special tokens the one that begins documents by its name: <|endoftext|>, <s>, [CLS] ...;
// the only one where there is one.
std::optional<int32_t> begin_of(std::span<const SpecialToken> specials);
}  // namespace cambium
