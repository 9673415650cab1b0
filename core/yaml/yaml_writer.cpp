// Prints a Yaml tree so that parse_yaml reads the same tree back.
#include <algorithm>
#include <cctype>

#include "core/text/fmt.h"
#include "core/yaml/yaml.h"

namespace cambium {
namespace {
constexpr size_t kLongestFlowList = 70;

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

// One line of a plain text, in block style: what the reader would take for anything else must be
// quoted. Brackets and commas are only text there, so expressions need no care.
bool is_plain_line(std::string_view s) {
  if (s.empty() || is_blank(s.front()) || is_blank(s.back()) || s.back() == ':') return false;
  if (std::ranges::any_of(s, [](char c) { return (uint8_t(c) < 0x20 && c != '\t') || c == 0x7f; }))
    return false;
  for (size_t i = 0; i + 1 < s.size(); ++i)
    if ((s[i] == ':' && is_blank(s[i + 1])) || (is_blank(s[i]) && s[i + 1] == '#')) return false;
  return s[0] != '#';
}

// Where it stands at the start of a line, or of the file.
bool is_document_mark(std::string_view s) {
  return s.starts_with("---") || s.starts_with("...") || s.starts_with("\xef\xbb\xbf");
}

bool is_plain_safe(std::string_view s) {
  if (s == "~" || s == "null" || s == "Null" || s == "NULL") return false;
  if (s.empty() || std::string_view(",[]{}#&*!|>'\"%@`").find(s[0]) != s.npos) return false;
  if (std::string_view("-?:").find(s[0]) != s.npos && (s.size() == 1 || is_blank(s[1])))
    return false;
  for (size_t begin = 0; begin <= s.size();) {  // a plain text of several lines has no empty one
    const size_t end = std::min(s.find('\n', begin), s.size());
    if (!is_plain_line(s.substr(begin, end - begin))) return false;
    begin = end + 1;
  }
  return s.back() != '\n';
}

// Words, numbers, paths and expressions alone: nothing that a bracket around them could change.
bool is_flow_safe(std::string_view s) {
  if (!is_plain_safe(s)) return false;
  if (s.starts_with("${") && s.ends_with("}")) s = s.substr(2, s.size() - 3);
  return std::ranges::all_of(s, [](char c) {
    return std::isalnum(uint8_t(c)) ||
           std::string_view("_./+-*$%^() ").find(c) != std::string::npos;
  });
}

// An unclosed ${ would reach for a brace further on in the line.
std::string quote(std::string_view s) {
  const size_t open = s.rfind("${");
  const bool unclosed = open != s.npos && s.find('}', open) == s.npos;
  constexpr std::string_view kCodes("\0\a\b\t\n\v\f\r\x1b\"\\", 11), kLetters = "0abtnvfre\"\\";
  std::string out = "\"";
  for (char c : s) {
    if (const size_t k = kCodes.find(c); k != s.npos)
      out += str("\\", kLetters.substr(k, 1));
    else if (uint8_t(c) < 0x20 || c == 0x7f || (c == '$' && unclosed))
      out += fmt::format("\\x{:02x}", uint8_t(c));
    else
      out += c;
  }
  return out + '"';
}

// The lines of a plain text fold into one again unless a line is left empty between them.
std::string scalar_text(const Yaml& s, const std::string& indent) {
  if (s.quoted || !is_plain_safe(s.text)) return quote(s.text);
  std::string out;
  for (char c : s.text) out += c == '\n' ? "\n\n" + indent + "  " : std::string(1, c);
  return out;
}

std::string key_text(const std::string& key) {
  const bool plain = is_plain_safe(key) && !is_document_mark(key) && key != "<<" &&
                     key.find('\n') == key.npos && key.find("${") == key.npos;
  return plain ? key : quote(key);
}

// "[a, b]" when every item is a simple word and the line stays short, else "".
std::string flow_list(const Yaml& list) {
  std::string out = "[";
  for (const Yaml& item : list.items) {
    if (!item.is_scalar() || out.size() > kLongestFlowList) return "";
    if (!item.quoted && !is_flow_safe(item.text)) return "";
    const std::string text = item.quoted ? quote(item.text) : item.text;
    if (text.find("${") != text.npos && item.quoted) return "";
    out += str(out.size() > 1 ? ", " : "", text);
  }
  return out.size() < kLongestFlowList ? out + "]" : "";
}

// The value when it fits after "key: ", else "". Further lines of a text are indented deeper.
std::string inline_text(const Yaml& v, const std::string& indent) {
  if (v.is_null()) return "null";
  if (v.is_scalar()) return scalar_text(v, indent);
  if (v.is_map()) return v.entries.empty() ? "{}" : "";
  return flow_list(v);
}

void write(const Yaml& v, const std::string& indent, std::string& out);

// A map inside a list starts on the line of its dash; `first` has already been indented.
void write_map(const Yaml& map, const std::string& indent, bool first, std::string& out) {
  for (const YamlEntry& e : map.entries) {
    const std::string value = inline_text(e.value, indent);
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
  if (const std::string text = inline_text(v, indent); !text.empty()) {
    out += str(indent, text, "\n");
    return;
  }
  if (v.is_map()) return write_map(v, indent, false, out);
  for (const Yaml& item : v.items) {
    const std::string text = inline_text(item, indent);
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
  if (tree.is_scalar() && is_document_mark(tree.text)) out += ' ';
  write(tree, "", out);
  return out;
}
}  // namespace cambium
