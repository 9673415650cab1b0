#include "data/tokenizers/byte_letters.h"

#include <array>

#include "core/text/unicode.h"

namespace cambium {
namespace {
bool is_seen(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

struct Letters {
  std::array<char32_t, 256> of_byte{};
  std::array<int, 0x200> byte_of{};  // by code; -1: of none

  Letters() {
    byte_of.fill(-1);
    char32_t unseen = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
      of_byte[size_t(byte)] = is_seen(byte) ? char32_t(byte) : unseen++;
      byte_of[of_byte[size_t(byte)]] = byte;
    }
  }
};

const Letters& letters() {
  static const Letters all;
  return all;
}
}  // namespace

std::string spelt_bytes(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) append_character(letters().of_byte[uint8_t(c)], out);
  return out;
}

std::optional<std::string> bytes_spelt(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    const int byte = c.code < letters().byte_of.size() ? letters().byte_of[c.code] : -1;
    if (byte < 0) return std::nullopt;
    out += char(byte);
    at += c.bytes;
  }
  return out;
}
}  // namespace cambium
