#include "data/audit/folding.h"

#include "core/text/unicode.h"

namespace cambium {
namespace {
constexpr std::string_view kCurlyApostrophe = "\xE2\x80\x99";

bool is_word_character(std::string_view text, size_t at, const Character& c) {
  if (c.code < 0x80)
    return c.kind != CharacterKind::kSpace && (c.kind != CharacterKind::kOther || text[at] == '_');
  if (c.code == kNoCharacter || c.kind == CharacterKind::kSpace) return false;
  return c.kind != CharacterKind::kOther || (!is_punctuation(c.code) && !is_control(c.code));
}

size_t apostrophe_at(std::string_view text, size_t at) {
  if (text[at] == '\'') return 1;
  return text.substr(at).starts_with(kCurlyApostrophe) ? kCurlyApostrophe.size() : 0;
}
}  // namespace

void FoldedWords::fold(std::string_view text) {
  letters_.clear();
  ends_.clear();
  size_t begin = 0;  // of the word that is being read, in letters_
  const auto end_word = [&] {
    if (letters_.size() == begin) return;
    ends_.push_back(letters_.size());
    begin = letters_.size();
  };
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (is_word_character(text, at, c)) {
      if (c.code < 0x80)
        letters_ += char(c.code >= 'A' && c.code <= 'Z' ? c.code + 32 : c.code);
      else
        letters_ += in_lower_case(text.substr(at, c.bytes));
      at += c.bytes;
      continue;
    }
    const size_t apostrophe = apostrophe_at(text, at);
    const size_t next = at + apostrophe;
    if (apostrophe > 0 && letters_.size() > begin && next < text.size() &&
        is_word_character(text, next, character_at(text, next))) {
      letters_ += '\'';
      at = next;
      continue;
    }
    end_word();
    at += c.bytes;
  }
  end_word();
  words_.clear();
  size_t first = 0;
  for (const size_t end : ends_) {
    words_.push_back(std::string_view(letters_).substr(first, end - first));
    first = end;
  }
}
}  // namespace cambium
