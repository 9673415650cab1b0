#include "data/tokenizers/pretokens.h"

#include "core/text/unicode.h"

namespace cambium {
namespace {
// The bytes of a contraction that begins with this apostrophe, or 0.
size_t contraction(std::string_view text) {
  const char second = text.size() > 1 ? text[1] : '\0', third = text.size() > 2 ? text[2] : '\0';
  if (second == 's' || second == 't' || second == 'm' || second == 'd') return 2;
  const bool three = (second == 'r' && third == 'e') || (second == 'v' && third == 'e') ||
                     (second == 'l' && third == 'l');
  return three ? 3 : 0;
}
}  // namespace

size_t pretoken_end(std::string_view text, size_t at) {
  if (text[at] == '\'')
    if (const size_t n = contraction(text.substr(at))) return at + n;
  Character c = character_at(text, at);
  if (c.code == ' ' && at + 1 < text.size()) {
    const Character second = character_at(text, at + 1);
    if (second.kind != CharacterKind::kSpace) {
      c = second;
      ++at;
    }
  }
  const CharacterKind kind = c.kind;
  const size_t first = at;
  size_t last = at;  // where the last character begins
  do {
    last = at;
    at += c.bytes;
    if (at == text.size()) return at;
    c = character_at(text, at);
  } while (c.kind == kind);
  // Spaces leave their last one to what follows, where there are several.
  return kind == CharacterKind::kSpace && last > first ? last : at;
}
}  // namespace cambium
