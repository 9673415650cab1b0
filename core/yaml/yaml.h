// Yaml: our own tree of a YAML file, with the place of everything in it. The only user of yaml-cpp.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace cambium {
struct YamlEntry;

// A node of the tree. Scalars keep their text; what it means is decided where it is read
// (core/yaml/expr.h).
struct Yaml {
  enum Kind { kNull, kScalar, kList, kMap } kind = kNull;

  Mark mark;                       // of the value; length = what a caret underlines
  std::string text;                // kScalar
  bool quoted = false;             // a quoted scalar is text, never a number
  std::vector<Yaml> items;         // kList
  std::vector<YamlEntry> entries;  // kMap, in file order, keys unique

  bool is_map() const { return kind == kMap; }

  bool is_list() const { return kind == kList; }

  bool is_scalar() const { return kind == kScalar; }

  bool is_null() const { return kind == kNull; }

  // The value under a key, or null.
  const Yaml* find(std::string_view key) const;
  Yaml* find(std::string_view key);
};

struct YamlEntry {
  std::string key;
  Mark key_mark;
  Yaml value;
};

struct YamlLimits {
  int64_t bytes = 4 << 20;
  int depth = 64;
  int64_t nodes = 200'000;  // aliases count as what they expand to
};

// UserError with a mark for bad syntax, a duplicate key (both lines), a non-scalar key, several
// documents, a tag we do not know, or a limit that is passed; limits hold before any tree is built.
Yaml parse_yaml(std::string_view text, std::string_view file_name, const YamlLimits& = {});
// The same from disk; RuntimeError when the file cannot be read.
Yaml load_yaml(const std::string& path, const YamlLimits& = {});

std::string to_yaml(
    const Yaml& tree);  // block style, for `show --expand`; parses back to the same tree
}  // namespace cambium
