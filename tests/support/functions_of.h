// Functions of C++ text: where each begins and ends, members, constructors and the lambdas of
// records included. Lambdas inside functions are part of them.
#pragma once
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

namespace cambium {
struct FunctionLines {
  size_t first, last;  // from 0
};

namespace detail {
// The text of a line without comments, and without what stands in quotes.
inline std::string code_of(const std::string& line) {
  std::string out;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '/' && i + 1 < line.size() && line[i + 1] == '/') break;
    const bool digit = i > 0 && std::isalnum(static_cast<unsigned char>(line[i - 1])) != 0;
    if (c != '"' && (c != '\'' || digit)) {  // 1'000 is no character
      out += c;
      continue;
    }
    for (++i; i < line.size() && line[i] != c; ++i)
      if (line[i] == '\\') ++i;
    out += '0';
  }
  return out;
}

inline bool has_word(const std::string& head, std::string_view word) {
  const size_t at = head.find(word);
  if (at == head.npos) return false;
  const auto letter = [&](size_t i) {
    return i < head.size() && (std::isalnum(static_cast<unsigned char>(head[i])) || head[i] == '_');
  };
  return !(at > 0 && letter(at - 1)) && !letter(at + word.size());
}

// Whether a brace behind this head, outside any function, opens a function's body: a parameter list
// stands before it, alone or before what may follow one.
inline bool opens_function(const std::string& head) {
  const size_t close = head.rfind(')');
  if (close == head.npos) return false;
  if (has_word(head.substr(0, head.find('(')), "namespace")) return false;
  const std::string behind = head.substr(close + 1);
  if (behind.find_first_not_of(" ") == behind.npos) return true;
  for (const char* word : {"const", "noexcept", "override", "final", "mutable", "->"})
    if (behind.find(word) != behind.npos) return true;
  return false;
}
}  // namespace detail

inline std::vector<FunctionLines> functions_of(const std::vector<std::string>& lines) {
  std::vector<FunctionLines> found;
  std::string head;      // since the last ; { or } outside functions
  size_t head_line = 0;  // where it begins

  enum Brace { kOther, kFunction, kInitialiser };  // "x{1}"

  std::vector<Brace> open;
  int inside = 0;  // of functions
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].starts_with("#")) continue;
    for (const char c : detail::code_of(lines[i])) {
      if (c == '{') {
        const bool initialiser =
            inside == 0 && !head.empty() && head.back() != ' ' && head.back() != ')';
        open.push_back(initialiser                                   ? kInitialiser
                       : inside == 0 && detail::opens_function(head) ? kFunction
                                                                     : kOther);
        if (open.back() == kFunction) found.push_back({head_line, 0});
        inside += open.back() == kFunction;
        if (!initialiser) head.clear();
      } else if (c == '}') {
        if (open.empty()) return found;
        const Brace closed = open.back();
        open.pop_back();
        if (closed == kFunction) found.back().last = i;
        inside -= closed == kFunction;
        if (inside == 0 && closed != kInitialiser) head.clear();
      } else if (c == ';' && inside == 0) {
        head.clear();
      } else if (inside == 0) {
        if (head.empty() && std::isspace(static_cast<unsigned char>(c))) continue;
        if (head.empty()) head_line = i;
        head += c;
      }
    }
    if (!head.empty()) head += ' ';
  }
  return found;
}
}  // namespace cambium
