// Text: documents as one sequence of symbols, and next-symbol prediction over its windows.
#pragma once
#include <array>
#include <memory>

#include "core/system/files.h"
#include "data/corpus/whole_text.h"
#include "data/dataset.h"
#include "data/text/symbols.h"
#include "data/tokenizers/tokenizer.h"

namespace cambium {
enum class TextUnit { kByte, kCharacter };

// The symbols of a text by position. Bytes: 256 classes, the byte is the id. Characters: Unicode
// code points of UTF-8; ids number the distinct ones in ascending order. A single file of ASCII is
// mapped and never copied.
class TextFile final : public Symbols {
 public:
  // UserError when the file is missing, empty or, for characters, not UTF-8.
  TextFile(const std::string& path, TextUnit unit);

  // Of all documents, one after the other; errors name `origin`.
  TextFile(std::unique_ptr<DocumentSource> documents, const std::string& origin, TextUnit unit);

  int64_t size() const override { return size_; }

  int64_t classes() const override { return int64_t(vocabulary_.size()); }

  std::string_view unit() const override {
    return unit_ == TextUnit::kByte ? "bytes" : "characters";
  }

  uint64_t content() const override { return hash_text(text_.view()); }

  void copy(int64_t begin, std::span<int32_t> to) const override;

  std::string decode(std::span<const int32_t> ids) const override;
  std::vector<int32_t> encode(std::string_view text) const override;
  std::vector<int32_t> symbol_bytes() const override;

 private:
  void map_ascii();
  void decode_utf8(const std::string& origin);

  WholeText text_;
  TextUnit unit_;
  int64_t size_ = 0;
  std::vector<char32_t> vocabulary_;  // id -> symbol, ascending
  std::array<int32_t, 256> id_of_{};  // when ids_ is empty: byte -> id
  std::vector<int32_t> ids_;          // of a file that is not ASCII
};

struct TextOptions {
  std::string path;
  int64_t context = 64;
  double val = 0.1, test = 0.0;
  int64_t floor_order = 5;
  static constexpr auto fields = std::tuple{
      field("path", &TextOptions::path, "the text file, relative to the working directory"),
      field("context", &TextOptions::context, "T: symbols in a window").in(1, 1 << 20),
      field("val", &TextOptions::val, "part of the file, after the training part").in(0, 0.9),
      field("test", &TextOptions::test, "part at the end of the file; 0: val is used as test")
          .in(0, 0.9),
      field("floor_order", &TextOptions::floor_order, "order of the n-gram floor; 0: no floor")
          .in(0, 12)};
};

// Predicts each next symbol. An epoch's training windows start at i T + a phase drawn by the
// epoch's seed; validation windows cover their part once, the last one padded.
std::unique_ptr<Dataset> open_text(const TextOptions& options, std::unique_ptr<Symbols> text);

// A text file as a document; OptionError for `path` when there is none.
std::unique_ptr<DocumentSource> open_text_file(const std::string& path);

// OptionErrors for `tokenizer`.
std::shared_ptr<const Tokenizer> open_tokenizer(const std::string& path);
}  // namespace cambium
