// Prints a Yaml tree so that parse_yaml reads the same tree back.
#include <algorithm>

#include "core/fmt.h"
#include "core/yaml.h"

namespace cambium {
namespace {
constexpr size_t kLongestFlowList = 70;

// The text with every ${...} replaced by a word: expressions may stand anywhere.
std::string without_expressions(std::string_view s) {
  std::string out;
  for (size_t at = 0; at < s.size();) {
    const size_t open = std::min(s.find("${", at), s.size());
    const size_t close = s.find('}', open);
    out.append(s.substr(at, open - at)).append(1, open < s.size() ? 'x' : ' ');
    if (open < s.size() && close == s.npos) return std::string(s);
    at = open < s.size() ? close + 1 : s.size();
    if (open == s.size()) out.pop_back();
  }
  return out;
}

bool is_plain_safe(const std::string& text, bool in_flow) {
  const std::string s = without_expressions(text);
  if (s.empty() || s.front() == ' ' || s.back() == ' ' || s.back() == ':') return false;
  if (s == "~" || s == "null" || s == "Null" || s == "NULL" || s == "<<") return false;
  if (s.starts_with("---") || s.starts_with("...")) return false;
  constexpr std::string_view indicators = "#&*!|>'\"%@`{}[],?:-";
  const bool dash_word = s.size() > 1 && s[0] == '-' && s[1] != ' ';
  if (indicators.find(s[0]) != indicators.npos && !dash_word) return false;
  if (s.find(": ") != s.npos || s.find(" #") != s.npos) return false;
  if (in_flow && s.find_first_of(",[]{}:") != s.npos) return false;
  return std::ranges::none_of(s, [](char c) { return uint8_t(c) < 0x20 || c == 0x7f; });
}

std::string quote(std::string_view s) {
  std::string out = "\"";
  for (char c : s) {
    if (c == '"' || c == '\\')
      out += str("\\", std::string(1, c));
    else if (uint8_t(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\x{:02x}", uint8_t(c));
    else
      out += c;
  }
  return out + '"';
}

std::string scalar_text(const Yaml& s, bool in_flow) {
  const bool plain = !s.quoted && is_plain_safe(s.text, in_flow);
  return plain ? s.text : quote(s.text);
}

std::string key_text(const std::string& key) {
  return is_plain_safe(key, true) ? key : quote(key);
}

// "[a, b]" when every item is a scalar and the line stays short, else "".
std::string flow_list(const Yaml& list) {
  std::string out = "[";
  for (const Yaml& item : list.items) {
    const bool plain_braces = item.is_scalar() && !item.quoted && !is_plain_safe(item.text, true);
    if (!item.is_scalar() || plain_braces) return "";
    out += str(out.size() > 1 ? ", " : "", scalar_text(item, true));
  }
  return out.size() < kLongestFlowList ? out + "]" : "";
}

// The value when it fits after "key: ", else "".
std::string inline_text(const Yaml& v) {
  if (v.is_null()) return "null";
  if (v.is_scalar()) return scalar_text(v, false);
  if (v.is_map()) return v.entries.empty() ? "{}" : "";
  return flow_list(v);
}

void write(const Yaml& v, const std::string& indent, std::string& out);

// A map inside a list starts on the line of its dash; `first` has already been indented.
void write_map(const Yaml& map, const std::string& indent, bool first, std::string& out) {
  for (const YamlEntry& e : map.entries) {
    const std::string value = inline_text(e.value);
    out += str(first ? "" : indent, key_text(e.key), ":");
    first = false;
    if (!value.empty()) {
      out += str(" ", value, "\n");
    } else {
      out += "\n";
      write(e.value, indent + "  ", out);
    }
  }
}

void write(const Yaml& v, const std::string& indent, std::string& out) {
  if (const std::string text = inline_text(v); !text.empty()) {
    out += str(indent, text, "\n");
    return;
  }
  if (v.is_map()) return write_map(v, indent, false, out);
  for (const Yaml& item : v.items) {
    const std::string text = inline_text(item);
    out += indent + "-";
    if (!text.empty()) {
      out += str(" ", text, "\n");
    } else if (item.is_map()) {
      out += " ";
      write_map(item, indent + "  ", true, out);
    } else {
      out += "\n";
      write(item, indent + "  ", out);
    }
  }
}
}  // namespace

std::string to_yaml(const Yaml& tree) {
  std::string out;
  write(tree, "", out);
  return out;
}
}  // namespace cambium
