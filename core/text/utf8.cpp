#include "core/text/utf8.h"

#include <algorithm>

#include "core/text/fmt.h"
#include "core/text/format.h"

namespace cambium {
namespace {
struct Decoded {
  uint32_t code;
  size_t bytes;  // 0: invalid
};

// One code point at the start of a non-empty text (Unicode 15, table 3-7).
Decoded decode(std::string_view s) {
  const auto lead = uint8_t(s[0]);
  if (lead < 0x80) return {lead, 1};
  const size_t n = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || s.size() < n) return {0, 0};
  uint32_t code = lead & (0x7fu >> n);
  for (size_t i = 1; i < n; ++i) {
    if ((uint8_t(s[i]) & 0xc0) != 0x80) return {0, 0};
    code = code << 6 | (uint8_t(s[i]) & 0x3fu);
  }
  constexpr uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  if (code < smallest[n] || code > 0x10ffff || surrogate) return {0, 0};
  return {code, n};
}

bool is_hostile(uint32_t c) {
  const bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
  const bool bidirectional = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
  return control || bidirectional;
}
}  // namespace

int64_t characters(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (uint8_t(c) & 0xc0) != 0x80; });
}

int64_t first_invalid_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t n = decode(text.substr(i)).bytes;
    if (n == 0) return int64_t(i);
    i += n;
  }
  return -1;
}

size_t whole_bytes(std::string_view text) {
  for (size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto c = uint8_t(text[text.size() - back]);
    if (c < 0x80) break;
    if (c < 0xc0) continue;  // inside a character
    const size_t wanted = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    return back < wanted ? text.size() - back : text.size();
  }
  return text.size();
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto [code, bytes] = decode(text);
    if (bytes == 0)
      out += fmt::format("\\x{:02x}", uint8_t(text[0]));
    else if (is_hostile(code))
      out += code < 0x100 ? fmt::format("\\x{:02x}", code) : fmt::format("\\u{:04x}", code);
    else
      out += text.substr(0, bytes);
    text.remove_prefix(std::max<size_t>(bytes, 1));
  }
  return out;
}

std::string shortened(std::string_view text, size_t most) {
  if (text.size() <= most) return std::string(text);
  const auto inside = [&](size_t i) {
    return i < text.size() && (uint8_t(text[i]) & 0xc0) == 0x80;
  };
  size_t head = most / 2, tail = text.size() - most / 2;
  for (int i = 0; i < 3 && inside(head); ++i) --head;  // between characters
  for (int i = 0; i < 3 && inside(tail); ++i) ++tail;
  return str(text.substr(0, head), " ... (", tail - head, " bytes left out) ... ",
             text.substr(tail));
}
}  // namespace cambium
