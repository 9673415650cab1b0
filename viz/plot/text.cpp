#include "viz/plot/text.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/text/fmt.h"
#include "core/text/utf8.h"

namespace cambium {
std::string visible(std::string_view s) {
  std::string out;
  while (!s.empty()) {
    const size_t n = std::min(s.find_first_of("\n\t"), s.size());
    out += printable(s.substr(0, n));
    if (n < s.size()) out += s[n];
    s.remove_prefix(std::min(n + 1, s.size()));
  }
  return out;
}

namespace {
// Of the em; of UTF-8 what begins a letter counts.
double letter_width(char c) {
  constexpr std::string_view narrow = "ijl.,:;'|!", slim = "ftrI()[]{}-/\\ \"`*", wide = "mwMW@%";
  const auto byte = static_cast<unsigned char>(c);
  if ((byte & 0xC0) == 0x80) return 0;
  if (byte >= 0xE3) return 1;  // East Asian letters
  if (narrow.find(c) != narrow.npos) return 0.33;
  if (slim.find(c) != slim.npos) return 0.43;
  if (wide.find(c) != wide.npos) return 1;
  return c >= 'A' && c <= 'Z' ? 0.74 : 0.64;
}
}  // namespace

double text_width(std::string_view s, bool bold) {
  double out = 0;
  for (const char c : s) out += 12 * (bold ? 1.1 : 1) * letter_width(c);
  return out;
}

std::string fitted(std::string_view s, double most, bool bold) {
  if (text_width(s, bold) <= most) return std::string(s);
  const double room = most - text_width("...", bold);
  double used = 0;
  size_t end = 0;
  for (size_t i = 0; i < s.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(s[i]) & 0xC0) != 0x80;
    if (begins && used > room) break;
    if (begins) end = i;
    used += text_width(s.substr(i, 1), bold);
  }
  if (used <= room) end = s.size();
  return std::string(s.substr(0, end)) + "...";
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
  if (a >= 999.5) return scientific(v, 2);
  const bool whole = u == 0 && a == std::floor(a);
  std::string digits = whole             ? fmt::format("{:.0f}", a)
                       : a < 1 && u == 0 ? fmt::format("{:.3g}", a)
                       : a < 10          ? fmt::format("{:.2f}", a)
                       : a < 100         ? fmt::format("{:.1f}", a)
                                         : fmt::format("{:.0f}", a);
  return str(v < 0 ? "-" : "", digits, units[u]);
}

std::string scientific(double v, int digits) {
  if (!std::isfinite(v)) return compact(v);
  const std::string s = fmt::format("{:.{}e}", v, digits);
  const size_t e = s.find('e');
  std::string mantissa = s.substr(0, e);
  if (mantissa.find('.') != mantissa.npos) mantissa.erase(mantissa.find_last_not_of('0') + 1);
  if (mantissa.ends_with('.')) mantissa.pop_back();
  return str(mantissa, "e", std::stoi(s.substr(e + 1)));
}

std::string plain(double v) {
  if (!std::isfinite(v)) return compact(v);
  if (v == std::floor(v) && std::abs(v) < 1e15) return str(int64_t(v));
  return fmt::format("{:.6g}", v);
}

std::string grouped(int64_t n) {
  if (n < 0) return str("-", grouped(-n));
  if (n < 1000) return str(n);
  return str(grouped(n / 1000), ",", fmt::format("{:03}", n % 1000));
}

std::string flops_text(double flops) {
  std::string out = compact(flops);
  const bool unit = !out.empty() && out.back() >= 'A';
  return unit ? str(out.substr(0, out.size() - 1), " ", out.substr(out.size() - 1), "FLOP")
              : out + " FLOP";
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

std::string share_text(double part, double whole) {
  return fixed(whole > 0 ? 100 * part / whole : 0, 0) + " %";
}

std::string milliseconds(double ms) {
  return fixed(ms, ms < 1 ? 3 : ms < 10 ? 2 : 1) + " ms";
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
  if (t.dtype == DType::kAdjacency && t.shape.rank() == 3)
    return str(t.shape[0], " nodes, ", compact(double(t.shape[2])), " edges");
  if (t.shape.rank() == 0) return out + "scalar";
  for (int i = 0; i < t.shape.rank(); ++i) out += str(i ? kTimes : "", t.shape[i]);
  return out;
}
}  // namespace cambium
