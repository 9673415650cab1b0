// Builds a Yaml tree from a parser's events and refuses what passes a limit before storing it.
#pragma once
#include <map>

#include "core/yaml/yaml.h"
#include "core/yaml/yaml_source.h"

namespace cambium {
// Events arrive in file order; `at` is the byte offset of the value (or of its anchor or tag),
// anchor 0 means none. Keeps references: source and limits must outlive it.
class YamlTree {
 public:
  YamlTree(const Source& source, const YamlLimits& limits) : source_(source), limits_(limits) {}

  Yaml root;

  void document(size_t at);
  void null(size_t at, size_t anchor);
  void alias(size_t at, size_t anchor);
  void scalar(size_t at, const std::string& tag, size_t anchor, std::string text);
  void open(Yaml::Kind kind, size_t at, const std::string& tag, size_t anchor);
  void close();

  // For an error at the end of the file: refuses the quote that is never closed inside the
  // innermost open bracket, or else that bracket. Returns when no bracket is open.
  void refuse_unclosed() const;

 private:
  struct Open {
    Yaml node;
    size_t at;
    size_t anchor;
    int64_t first_node;  // how many nodes existed before it
    std::map<std::string, Mark, std::less<>> keys = {};
    bool has_key = false;  // kMap: a key waits for its value
    YamlEntry entry = {};
  };

  struct Anchored {
    Yaml tree;
    int64_t nodes;
  };

  void check_tag(const std::string& tag, std::string_view allowed, size_t at) const;
  void count(int64_t nodes, const Mark& mark);
  void remember(const Yaml& node, size_t anchor, int64_t nodes);
  void put(Yaml node);
  void take_key(Open& top, const Yaml& node);
  bool waits_for_key() const;
  bool is_pair_in_list() const;

  bool starts_with(const Open& o, char c) const { return source_.from(o.at).starts_with(c); }

  void check_closed(size_t at) const;
  void check_colon(size_t at, const Yaml& key) const;
  [[noreturn]] void refuse_bracket(size_t at) const;
  [[noreturn]] void refuse_key(const Mark& mark) const;

  const Source& source_;
  const YamlLimits& limits_;
  std::vector<Open> open_;
  std::map<size_t, Anchored> anchors_;
  int64_t nodes_ = 0;
  int documents_ = 0;
};

// In {width: ${max(a, b)}} YAML would end the map at the first brace or comma. So that expressions
// may stand anywhere, these characters of `${...}` travel through the parser as bytes that UTF-8
// never has, so that no escape in a quoted text makes them either. YamlTree reveals them again.
std::string hide_expressions(std::string_view text);
}  // namespace cambium
