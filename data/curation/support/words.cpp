#include "data/curation/support/words.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/text/unicode.h"

namespace cambium {
namespace {
constexpr std::array<bool, 256> bytes_of(std::string_view set) {
  std::array<bool, 256> in = {};
  for (const char c : set) in[uint8_t(c)] = true;
  return in;
}

constexpr auto kSpace = bytes_of(" \t\n\r\f\v");
constexpr auto kPunctuation = bytes_of("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");

// The bytes of white space at the front; 0: none.
size_t space_at(std::string_view text) {
  if (text.empty()) return 0;
  if (kSpace[uint8_t(text[0])]) return 1;
  if (text.starts_with("\xC2\xA0")) return 2;
  return text.starts_with("\xE3\x80\x80") ? 3 : 0;
}

// Blocks of U+2000 and U+3000 that hold punctuation, and Latin-1's signs.
bool is_symbol_beyond_ascii(std::string_view at) {
  const auto a = uint8_t(at[0]), b = uint8_t(at.size() > 1 ? at[1] : 0);
  if (a == 0xC2) return b != 0xAA && b != 0xB5 && b != 0xBA;
  if (a == 0xC3) return b == 0x97 || b == 0xB7;
  if (a == 0xE2) return b < 0xB0;
  return (a == 0xE3 && b == 0x80) || (a == 0xEF && b == 0xBC) || a == 0xF0;
}
}  // namespace

void split_words(std::string_view text, std::vector<std::string_view>& words) {
  words.clear();
  size_t begin = 0, i = 0;
  const auto end_word = [&] {
    if (i > begin) words.push_back(text.substr(begin, i - begin));
  };
  while (i < text.size()) {
    const auto c = uint8_t(text[i]);
    const size_t space = c < 0x80 ? size_t(kSpace[c]) : space_at(text.substr(i, 3));
    if (space == 0) {
      ++i;
      continue;
    }
    end_word();
    begin = i += space;
  }
  end_word();
}

void split_lines(std::string_view text, std::vector<std::string_view>& lines) {
  lines.clear();
  while (!text.empty()) {
    const void* found = std::memchr(text.data(), '\n', text.size());
    const size_t n = found ? size_t(static_cast<const char*>(found) - text.data()) : text.size();
    lines.push_back(text.substr(0, n));
    text.remove_prefix(std::min(n + 1, text.size()));
  }
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && kSpace[uint8_t(text.front())]) text.remove_prefix(1);
  while (!text.empty() && kSpace[uint8_t(text.back())]) text.remove_suffix(1);
  return text;
}

std::string_view bare(std::string_view word) {
  while (!word.empty() && kPunctuation[uint8_t(word.front())]) word.remove_prefix(1);
  while (!word.empty() && kPunctuation[uint8_t(word.back())]) word.remove_suffix(1);
  return word;
}

bool is_symbol(std::string_view word) {
  word = bare(word);
  for (size_t i = 0; i < word.size();) {
    if (uint8_t(word[i]) < 0x80 && !kPunctuation[uint8_t(word[i])]) return false;
    const Character c = character_at(word, i);
    if (uint8_t(word[i]) >= 0x80 && !is_punctuation(c.code)) return false;
    i += c.bytes;
  }
  return true;
}

std::string_view with_lf(std::string_view text, std::string& buffer) {
  if (text.find("\r\n") == text.npos) return text;
  buffer.clear();
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') buffer += text[i];
  return buffer;
}

bool has_letter(std::string_view word) {
  for (size_t i = 0; i < word.size(); ++i) {
    const auto c = uint8_t(word[i]);
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') return true;
    if (c >= 0xC2 && !is_symbol_beyond_ascii(word.substr(i))) return true;
  }
  return false;
}

bool ends_sentence(std::string_view line) {
  static constexpr std::string_view kEnds[] = {".",
                                               "!",
                                               "?",
                                               "\xE2\x80\xA6" /* ... */,
                                               "\xE3\x80\x82" /* ideographic full stop */,
                                               "\xEF\xBC\x81" /* fullwidth ! */,
                                               "\xEF\xBC\x9F" /* fullwidth ? */,
                                               "\xD8\x9F" /* Arabic ? */,
                                               "\xDB\x94" /* Urdu full stop */,
                                               "\xE0\xA5\xA4" /* danda */,
                                               "\xD5\x89" /* Armenian */,
                                               "\xE1\x8D\xA2" /* Ethiopic */,
                                               "\xCD\xBE" /* Greek ? */};
  static constexpr std::string_view kClosers[] = {
      "\"", "'", ")", "]", "\xE2\x80\x9D", "\xE2\x80\x99", "\xC2\xBB"};
  for (bool closed = true; closed;) {
    closed = false;
    for (const std::string_view c : kClosers)
      if (line.ends_with(c)) {
        line.remove_suffix(c.size());
        closed = true;
      }
  }
  return std::ranges::any_of(kEnds, [&](std::string_view e) { return line.ends_with(e); });
}

int64_t count_sentences(std::string_view text) {
  int64_t sentences = 0;
  bool open = false;  // something stands in this sentence
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!kSpace[uint8_t(c)] && !kPunctuation[uint8_t(c)]) open = true;
    if (c != '.' && c != '!' && c != '?') continue;
    size_t end = i + 1;
    while (end < text.size() && std::strchr("\"')].!?", text[end])) ++end;
    if (end < text.size() && !kSpace[uint8_t(text[end])]) continue;
    sentences += open;
    open = false;
    i = end - 1;
  }
  return sentences + open;
}
}  // namespace cambium
