// Unicode: what characters are, and texts without case or accents. unicode.cpp is the one user of
// ICU.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace cambium {
// As regular expressions say it: \p{L}, \p{N}, \s (the property White_Space), all else.
enum class CharacterKind : uint8_t { kOther, kLetter, kNumber, kSpace };

struct Character {
  char32_t code = 0;  // kNoCharacter: a byte that is no UTF-8
  uint8_t bytes = 1;
  CharacterKind kind = CharacterKind::kOther;
};

inline constexpr char32_t kNoCharacter = 0xFFFFFFFF;

inline constexpr auto kAsciiKinds = [] {
  std::array<CharacterKind, 128> kinds{};
  for (char c = '0'; c <= '9'; ++c) kinds[size_t(c)] = CharacterKind::kNumber;
  for (char c = 'a'; c <= 'z'; ++c) kinds[size_t(c)] = CharacterKind::kLetter;
  for (char c = 'A'; c <= 'Z'; ++c) kinds[size_t(c)] = CharacterKind::kLetter;
  for (const char c : {' ', '\t', '\n', '\v', '\f', '\r'}) kinds[size_t(c)] = CharacterKind::kSpace;
  return kinds;
}();

Character character_beyond_ascii_at(std::string_view text, size_t at);

// What begins at a byte of the text, at < text.size(). A byte that is no part of UTF-8 is a
// character of its own, of kind kOther.
inline Character character_at(std::string_view text, size_t at) {
  const auto lead = uint8_t(text[at]);
  if (lead < 0x80) return {lead, 1, kAsciiKinds[lead]};
  return character_beyond_ascii_at(text, at);
}

bool is_control(char32_t c);      // Cc, Cf, Co; tabs and newlines are
bool is_punctuation(char32_t c);  // P*
bool is_accent(char32_t c);       // Mn: marks that take no place of their own

void append_character(char32_t c, std::string& to);  // as UTF-8; nothing for kNoCharacter

std::string in_lower_case(std::string_view text);  // each character by itself

// NFD: letters apart from their accents. What is no UTF-8 becomes U+FFFD.
std::string decomposed(std::string_view text);

// NFC, or NFKC with `compatible`: letters with their accents. Of valid UTF-8.
std::string composed(std::string_view text, bool compatible = false);

// What the bytes seem to be written in, such as "ISO-8859-2", by the frequencies of their letters;
// empty where nothing fits.
std::string detect_encoding(std::string_view bytes);

// The bytes in this encoding (any name that ICU knows) as UTF-8; false for an encoding that is
// unknown. What is none of its characters becomes U+FFFD.
bool to_utf8(std::string_view bytes, const std::string& encoding, std::string& into);
}  // namespace cambium
