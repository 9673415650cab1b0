#include "viz/text.h"

#include <array>
#include <cmath>

namespace cambium {
namespace {
// The length of the UTF-8 sequence at s[i], or 0 when it is malformed, overlong or a surrogate.
size_t sequence_length(std::string_view s, size_t i) {
  const auto byte = [&](size_t k) { return static_cast<unsigned char>(s[k]); };
  const unsigned char b = byte(i);
  const size_t n = b < 0x80 ? 1 : b < 0xC2 ? 0 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : b < 0xF5 ? 4 : 0;
  if (n == 0 || i + n > s.size()) return 0;
  for (size_t k = 1; k < n; ++k)
    if ((byte(i + k) & 0xC0) != 0x80) return 0;
  if (n == 3 && ((b == 0xE0 && byte(i + 1) < 0xA0) || (b == 0xED && byte(i + 1) > 0x9F))) return 0;
  if (n == 4 && ((b == 0xF0 && byte(i + 1) < 0x90) || (b == 0xF4 && byte(i + 1) > 0x8F))) return 0;
  return n;
}

unsigned code_point(std::string_view s) {
  const unsigned char b = static_cast<unsigned char>(s[0]);
  unsigned c = s.size() == 1 ? b : b & (0xFFu >> (s.size() + 1));
  for (size_t k = 1; k < s.size(); ++k) c = c << 6 | (static_cast<unsigned char>(s[k]) & 0x3Fu);
  return c;
}

bool deceives(unsigned c) {
  return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7F && c <= 0x9F) ||
         (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFFE && c <= 0xFFFF);
}
}  // namespace

std::string visible(std::string_view s) {
  std::string out;
  for (size_t i = 0; i < s.size();) {
    const size_t n = sequence_length(s, i);
    if (n == 0) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(s[i]));
      ++i;
      continue;
    }
    const unsigned c = code_point(s.substr(i, n));
    if (deceives(c))
      out += c < 0x100 ? fmt::format("\\x{:02x}", c) : fmt::format("\\u{:04x}", c);
    else
      out += s.substr(i, n);
    i += n;
  }
  return out;
}

std::string escape_markup(std::string_view s) {
  std::string out;
  for (char c : visible(s)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string compact(double v) {
  if (std::isnan(v)) return "-";
  if (std::isinf(v)) return v > 0 ? "infinite" : "-infinite";
  constexpr std::array<std::string_view, 6> units = {"", "k", "M", "G", "T", "P"};
  size_t u = 0;
  double a = std::abs(v);
  while (a >= 999.5 && u + 1 < units.size()) {
    a /= 1000;
    ++u;
  }
  const bool whole = u == 0 && a == std::floor(a);
  std::string digits = whole     ? fmt::format("{:.0f}", a)
                       : a < 1   ? fmt::format("{:.3g}", a)
                       : a < 10  ? fmt::format("{:.2f}", a)
                       : a < 100 ? fmt::format("{:.1f}", a)
                                 : fmt::format("{:.0f}", a);
  return str(v < 0 ? "-" : "", digits, units[u]);
}

std::string memory_text(double bytes) {
  if (!(bytes >= 0)) return "-";
  constexpr std::array<std::string_view, 5> units = {"B", "kB", "MB", "GB", "TB"};
  size_t u = 0;
  while (bytes >= 999.5 && u + 1 < units.size()) {
    bytes /= 1000;
    ++u;
  }
  return str(bytes < 9.95 && u > 0 ? fmt::format("{:.1f}", bytes) : fmt::format("{:.0f}", bytes),
             " ", units[u]);
}

std::string fixed(double v, int digits) {
  if (std::isnan(v)) return "-";
  const std::string text = fmt::format("{:.{}f}", std::abs(v), digits);
  const bool zero = text.find_first_not_of("0.") == std::string::npos;
  return v < 0 && !zero ? str(kMinus, text) : text;
}

std::string signed_fixed(double v, int digits) {
  const std::string text = fixed(v, digits);
  const bool zero = text.find_first_not_of("0.") == std::string::npos;
  return v > 0 && !zero ? "+" + text : text;
}

std::string extents_text(const ValueType& t) {
  std::string out = t.dtype == DType::kF32 ? "" : str(name_of(t.dtype), " ");
  if (t.shape.rank() == 0) return out + "scalar";
  for (int i = 0; i < t.shape.rank(); ++i) out += str(i ? kTimes : "", t.shape[i]);
  return out;
}
}  // namespace cambium
