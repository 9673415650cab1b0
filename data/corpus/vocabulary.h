// Vocabulary: the text of a document as ids, whatever a symbol is.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cambium {
class Vocabulary {
 public:
  virtual ~Vocabulary() = default;

  virtual int64_t size() const = 0;           // with the symbol that begins a document
  virtual std::string_view unit() const = 0;  // "bytes", "tokens"

  virtual uint64_t content() const = 0;  // another vocabulary, another number

  virtual std::vector<int32_t> symbol_bytes() const = 0;  // as of Dataset

  virtual bool is_bytes() const { return false; }  // a symbol a byte, and one a document

  // Appends the symbol that begins a document, then those of its text.
  virtual void append_document(std::string_view text, std::vector<int32_t>& ids) const = 0;

  // What the id stands for, of special tokens their names: to find it in another vocabulary.
  virtual std::string name(int32_t id) const = 0;

  // The symbol that begins a document is written as nothing. UserError for an id outside.
  virtual std::string decode(std::span<const int32_t> ids) const = 0;
};

// The file of a tokenizer (data/tokenizers/tokenizer.h), whose special token begins a document;
// empty: bytes, and 256 begins a document. OptionErrors for `tokenizer`.
std::shared_ptr<const Vocabulary> open_vocabulary(const std::string& tokenizer);
}  // namespace cambium
