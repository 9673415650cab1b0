// TextFile: the symbols of documents, from bytes and back.
#include <algorithm>

#include "core/text/utf8.h"
#include "data/text/text.h"

namespace cambium {
namespace {
// The code point at `at` of valid UTF-8; moves past it.
char32_t next_code_point(std::string_view s, size_t& at) {
  const uint8_t lead = uint8_t(s[at++]);
  if (lead < 0x80) return lead;
  const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  char32_t c = lead & (0x3Fu >> more);
  for (int i = 0; i < more; ++i) c = c << 6 | (uint8_t(s[at++]) & 0x3Fu);
  return c;
}

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += char(c);
    return;
  }
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  constexpr char32_t lead[] = {0, 0xC0, 0xE0, 0xF0};
  out += char(lead[more] | c >> (6 * more));
  for (int i = more - 1; i >= 0; --i) out += char(0x80 | (c >> (6 * i) & 0x3F));
}

}  // namespace

std::unique_ptr<DocumentSource> open_text_file(const std::string& path) {
  if (path.empty()) throw OptionError("path", "no path given", "set path to any text file");
  if (!file_exists(path))
    throw OptionError("path", str(path, ": no such file"),
                      "set path to a text file; it is taken from the working directory");
  return open_text_document(path);
}

std::shared_ptr<const Tokenizer> open_tokenizer(const std::string& path) {
  const std::string cure =
      "set tokenizer to a tokenizer.json, to ranks of tiktoken or to a tokenizer.bin of llama2.c";
  if (path.empty()) throw OptionError("tokenizer", "no tokenizer given", cure);
  if (!file_exists(path)) throw OptionError("tokenizer", str(path, ": no such file"), cure);
  try {
    return load_tokenizer(path);
  } catch (const UserError& e) {
    const std::string place = e.mark.known() ? str(" (line ", e.mark.line, " of it)") : "";
    throw OptionError("tokenizer", str(e.what(), place), e.help);
  }
}

TextFile::TextFile(const std::string& path, TextUnit unit)
    : TextFile(open_text_file(path), path, unit) {}

TextFile::TextFile(std::unique_ptr<DocumentSource> documents, const std::string& origin,
                   TextUnit unit)
    : text_(std::move(documents)), unit_(unit) {
  const std::string_view text = text_.view();
  if (text.empty()) throw OptionError("path", str(origin, ": the file is empty"));
  const bool ascii = std::ranges::all_of(text, [](char c) { return uint8_t(c) < 0x80; });
  if (unit == TextUnit::kByte || ascii)
    map_ascii();
  else
    decode_utf8(origin);
}

void TextFile::map_ascii() {
  const std::string_view text = text_.view();
  size_ = int64_t(text.size());
  std::array<bool, 256> used{};
  for (const char c : text) used[uint8_t(c)] = true;
  for (size_t c = 0; c < 256; ++c) {
    if (unit_ == TextUnit::kCharacter && !used[c]) continue;
    id_of_[c] = int32_t(vocabulary_.size());
    vocabulary_.push_back(char32_t(c));
  }
}

void TextFile::decode_utf8(const std::string& origin) {
  const std::string_view text = text_.view();
  if (const int64_t bad = first_invalid_utf8(text); bad >= 0)
    throw OptionError("path", str(origin, ": not UTF-8 at byte ", bad),
                      "use text_bytes, which takes any file");
  for (size_t at = 0; at < text.size();) ids_.push_back(int32_t(next_code_point(text, at)));
  size_ = int64_t(ids_.size());
  std::vector<bool> used(0x110000);
  for (const int32_t c : ids_) used[size_t(c)] = true;
  std::vector<int32_t> id_of(used.size());
  for (size_t c = 0; c < used.size(); ++c) {
    if (!used[c]) continue;
    id_of[c] = int32_t(vocabulary_.size());
    vocabulary_.push_back(char32_t(c));
  }
  for (int32_t& id : ids_) id = id_of[size_t(id)];
}

void TextFile::copy(int64_t begin, std::span<int32_t> to) const {
  ensure(begin >= 0 && begin + int64_t(to.size()) <= size_, "text from ", begin, ", ", to.size(),
         " symbols of ", size_);
  if (!ids_.empty()) {
    std::copy_n(ids_.begin() + begin, to.size(), to.begin());
    return;
  }
  const std::string_view text = text_.view().substr(size_t(begin), to.size());
  for (size_t i = 0; i < to.size(); ++i) to[i] = id_of_[uint8_t(text[i])];
}

std::string TextFile::decode(std::span<const int32_t> ids) const {
  std::string out;
  for (const int32_t id : ids) {
    require(id >= 0 && id < classes(), "symbol ", id, " is outside the vocabulary of ", classes());
    const char32_t c = vocabulary_[size_t(id)];
    if (unit_ == TextUnit::kByte)
      out += char(c);
    else
      append_utf8(out, c);
  }
  return out;
}

std::vector<int32_t> TextFile::symbol_bytes() const {
  std::vector<int32_t> bytes;
  for (const char32_t c : vocabulary_)
    bytes.push_back(unit_ == TextUnit::kByte || c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);
  return bytes;
}

std::vector<int32_t> TextFile::encode(std::string_view text) const {
  if (unit_ == TextUnit::kCharacter)
    require(first_invalid_utf8(text) < 0, "the text is not UTF-8 at byte ",
            first_invalid_utf8(text));
  std::vector<int32_t> ids;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const char32_t c =
        unit_ == TextUnit::kByte ? char32_t(uint8_t(text[at++])) : next_code_point(text, at);
    const auto it = std::ranges::lower_bound(vocabulary_, c);
    require(it != vocabulary_.end() && *it == c, "'", text.substr(begin, at - begin),
            "' does not occur in the training file, whose vocabulary has ", classes(), " symbols");
    ids.push_back(int32_t(it - vocabulary_.begin()));
  }
  return ids;
}
}  // namespace cambium
