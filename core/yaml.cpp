#include "core/yaml.h"

#include <algorithm>
#include <map>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "core/files.h"
#include "core/utf8.h"
#include "core/yaml_source.h"

namespace cambium {
namespace {
size_t offset_of(const Source& source, const YAML::Mark& m) {
  return m.is_null() ? source.size() : source.offset(m.line, m.column);
}

// In {width: ${max(a, b)}} YAML would end the map at the first brace or comma. So that expressions
// may stand anywhere, these characters of `${...}` travel through the parser as control characters,
// which check_characters has excluded from the text.
constexpr std::string_view kShown = "{},[]", kHidden = "\x01\x02\x03\x04\x05";

std::string hide_braces(std::string_view text) {
  std::string out(text);
  for (size_t open = out.find("${"); open != out.npos; open = out.find("${", open + 2)) {
    const size_t close = out.find_first_of("}\r\n", open);
    if (close == out.npos || out[close] != '}') continue;
    for (size_t i = open + 1; i <= close; ++i)
      if (const size_t k = kShown.find(out[i]); k != kShown.npos) out[i] = kHidden[k];
  }
  return out;
}

void reveal_braces(std::string& text) {
  for (char& c : text)
    if (const size_t k = kHidden.find(c); c != 0 && k != kHidden.npos) c = kShown[k];
}

// Builds our tree from yaml-cpp's events and refuses what passes a limit before storing it.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const Source& source, const YamlLimits& limits) : source_(source), limits_(limits) {}

  Yaml root;

  // The innermost bracket that is still open, for an error at the end of the file.
  Mark innermost_bracket() const {
    for (auto o = open_.rbegin(); o != open_.rend(); ++o)
      if (starts_flow(*o, '[') || starts_flow(*o, '{')) return bracket(o->node.mark);
    return {};
  }

  void OnDocumentStart(const YAML::Mark& m) override {
    if (++documents_ > 1)
      throw UserError("a second YAML document starts here", "keep one document a file",
                      value_mark(m));
  }

  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& m, YAML::anchor_t anchor) override {
    Yaml node;
    node.mark = value_mark(m);
    const bool in_list = !open_.empty() && open_.back().node.is_list();
    if (in_list && source_.from(node.mark).starts_with(','))
      throw UserError("a list entry is missing before this comma", "remove the comma", node.mark);
    add(std::move(node), anchor, 1);
  }

  void OnAlias(const YAML::Mark& m, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      throw UserError("this alias stands inside its own anchor", "write the value out",
                      value_mark(m));
    count(found->second.nodes, value_mark(m));
    put(Yaml(found->second.tree));
  }

  void OnScalar(const YAML::Mark& m, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Yaml node;
    node.kind = Yaml::kScalar;
    node.mark = value_mark(m);
    check_tag(tag, "tag:yaml.org,2002:str", node.mark);
    node.quoted = tag != "?";
    node.text = value;
    reveal_braces(node.text);
    check_closed(node.mark);
    if (waits_for_key()) check_colon(node);
    add(std::move(node), anchor, 1);
  }

  void OnSequenceStart(const YAML::Mark& m, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Yaml::kList, m, tag, "tag:yaml.org,2002:seq", anchor);
  }

  void OnMapStart(const YAML::Mark& m, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Yaml::kMap, m, tag, "tag:yaml.org,2002:map", anchor);
  }

  void OnSequenceEnd() override { close(); }

  void OnMapEnd() override { close(); }

 private:
  Mark value_mark(const YAML::Mark& m) const { return source_.value_mark(offset_of(source_, m)); }

  struct Open {
    Yaml node;
    YAML::anchor_t anchor;
    int64_t first_node;  // how many nodes existed before it
    std::map<std::string, Mark, std::less<>> keys;
    bool has_key = false;  // kMap: a key waits for its value
    YamlEntry entry = {};
  };

  struct Anchored {
    Yaml tree;
    int64_t nodes;
  };

  static void check_tag(const std::string& tag, std::string_view allowed, const Mark& mark) {
    if (tag == "?" || tag == "!" || tag == allowed) return;
    throw UserError(str("unknown tag '", tag, "'"), "remove it: specs use no YAML tags", mark);
  }

  void count(int64_t nodes, const Mark& mark) {
    nodes_ += nodes;
    if (nodes_ > limits_.nodes)
      throw UserError(
          str("more than ", limits_.nodes, " YAML values, counting what aliases expand to"),
          "split the file", mark);
  }

  void open(Yaml::Kind kind, const YAML::Mark& m, const std::string& tag, std::string_view allowed,
            YAML::anchor_t anchor) {
    Yaml node;
    node.kind = kind;
    node.mark = value_mark(m);
    check_tag(tag, allowed, node.mark);
    if (int(open_.size()) >= limits_.depth)
      throw UserError(str("nested more than ", limits_.depth, " levels deep"), "flatten it",
                      node.mark);
    if (waits_for_key()) refuse_group_key(node.mark);
    const int64_t before = nodes_;
    count(1, node.mark);
    open_.push_back({std::move(node), anchor, before, {}});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    remember(done.node, done.anchor, nodes_ - done.first_node);
    put(std::move(done.node));
  }

  void add(Yaml node, YAML::anchor_t anchor, int64_t nodes) {
    count(nodes, node.mark);
    remember(node, anchor, nodes);
    put(std::move(node));
  }

  // An anchored value is stored once more, so it counts once more.
  void remember(const Yaml& node, YAML::anchor_t anchor, int64_t nodes) {
    if (anchor == 0) return;
    count(nodes, node.mark);
    anchors_[anchor] = {node, nodes};
  }

  bool waits_for_key() const {
    return !open_.empty() && open_.back().node.is_map() && !open_.back().has_key;
  }

  bool starts_flow(const Open& o, char bracket) const {
    return source_.from(o.node.mark).starts_with(bracket);
  }

  static Mark bracket(const Mark& m) { return {m.file, m.line, m.column, 1}; }

  // [1, 2 without its bracket arrives as the one-pair map {2: } inside the list.
  bool is_pair_in_list() const {
    return open_.size() > 1 && starts_flow(open_[open_.size() - 2], '[') &&
           !starts_flow(open_.back(), '{');
  }

  [[noreturn]] static void refuse_open(const Mark& list) {
    throw UserError("this [ is never closed", "add the missing ] or a comma", bracket(list));
  }

  // An open bracket at the start of a line looks to the parser like the start of a key.
  [[noreturn]] void refuse_group_key(const Mark& mark) const {
    const std::string_view token = source_.from(mark);
    if (group_bytes(token) > 0 || !token.starts_with('[')) refuse_key(mark);
    refuse_open(mark);
  }

  // yaml-cpp takes an open quote at the end of the file as closed.
  void check_closed(const Mark& mark) const {
    const std::string_view token = source_.from(mark);
    if (token.empty() || (token[0] != '"' && token[0] != '\'') || quoted_bytes(token) > 0) return;
    throw UserError("this quote is never closed", str("add the missing ", token.substr(0, 1)),
                    {mark.file, mark.line, mark.column, 1});
  }

  // yaml-cpp takes a word without a colon as a key without a value.
  void check_colon(const Yaml& key) const {
    std::string_view rest = source_.from(key.mark);
    const bool quoted = rest.starts_with('"') || rest.starts_with('\'');
    rest.remove_prefix(std::min(quoted ? quoted_bytes(rest) : key.text.size(), rest.size()));
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    if (rest.starts_with(':')) return;
    if (is_pair_in_list()) refuse_open(open_[open_.size() - 2].node.mark);
    throw UserError(str("'", key.text, "' has no value"), str("write `", key.text, ": value`"),
                    key.mark);
  }

  [[noreturn]] static void refuse_key(const Mark& mark) {
    throw UserError("a key must be text", "write it as `name: value`", mark);
  }

  void put(Yaml node) {
    if (open_.empty()) {
      root = std::move(node);
      return;
    }
    Open& top = open_.back();
    if (top.node.is_list()) {
      top.node.items.push_back(std::move(node));
    } else if (top.has_key) {
      top.entry.value = std::move(node);
      top.node.entries.push_back(std::move(top.entry));
      top.has_key = false;
    } else {
      take_key(top, node);
    }
  }

  void take_key(Open& top, const Yaml& node) {
    if (node.is_null() && is_pair_in_list()) refuse_open(open_[open_.size() - 2].node.mark);
    if (!node.is_scalar()) refuse_key(node.mark);
    if (node.text == "<<" && !node.quoted)
      throw UserError("merge keys (<<) are not supported", "use extends: or vars:", node.mark);
    const auto [first, is_new] = top.keys.try_emplace(node.text, node.mark);
    if (!is_new) {
      UserError e(str("the key '", node.text, "' stands twice in this map"), "remove one of them",
                  node.mark);
      e.notes.push_back({str("first given at line ", first->second.line), first->second});
      throw e;
    }
    top.entry = {node.text, node.mark, {}};
    top.has_key = true;
  }

  const Source& source_;
  const YamlLimits& limits_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  int64_t nodes_ = 0;
  int documents_ = 0;
};

struct PlainWords {
  std::string_view parser_says, what, help;
};

// yaml-cpp's messages in the words of somebody who writes specs.
constexpr PlainWords kWords[] = {
    {"end of map not found", "this map does not end where it should",
     "check the indentation: keys of one map start in one column"},
    {"end of map flow not found", "this { is never closed", "add the missing } or a comma"},
    {"end of sequence not found", "this list does not end where it should",
     "check the indentation: the dashes of one list stand in one column"},
    {"end of sequence flow not found", "this [ is never closed", "add the missing ] or a comma"},
    {"illegal map value", "a 'key: value' cannot stand here",
     "check the indentation, or quote text that contains ': '"},
    {"illegal map key", "a '? key' cannot stand here", "write `name: value`"},
    {"illegal block entry", "a list entry cannot stand here", "check the indentation of the dash"},
    {"illegal flow end", "this bracket closes nothing", "remove it or add the opening one"},
    {"illegal tab", "a tab cannot indent YAML", "use spaces"},
    {"illegal EOF", "the file ends inside a quoted text", "add the missing quote"},
    {"illegal document indicator", "--- or ... stands inside a quoted text", "indent it"},
    {"unknown token", "this character cannot start a value", "quote the text"},
    {"the referenced anchor is not defined", "this alias names no anchor",
     "define &name before *name"},
    {"invalid character", "this character is not allowed here", "quote the text"},
};

[[noreturn]] void throw_plainly(const YAML::Exception& e, const Source& source,
                                const Mark& open_bracket) {
  const size_t at = offset_of(source, e.mark);
  for (const auto& [parser_says, what, help] : kWords) {
    if (!e.msg.starts_with(parser_says)) continue;
    const bool unclosed = what.ends_with("is never closed") && open_bracket.known();
    throw UserError(std::string(what), std::string(help),
                    unclosed ? open_bracket : source.mark(at));
  }
  throw UserError("this is not valid YAML", "check indentation, quotes and brackets",
                  source.mark(at));
}

void check_characters(std::string_view text, const Source& source) {
  if (const int64_t bad = first_invalid_utf8(text); bad >= 0)
    throw UserError(str("byte ", bad, " is not UTF-8"), "save the file as UTF-8",
                    source.mark(size_t(bad)));
  for (size_t i = 0; i < text.size(); ++i)
    if (const auto c = uint8_t(text[i]);
        (c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f)
      throw UserError(fmt::format("the control character \\x{:02x} cannot stand in YAML", c),
                      "remove it", source.mark(i));
}
}  // namespace

const Yaml* Yaml::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &YamlEntry::key);
  return found == entries.end() ? nullptr : &found->value;
}

Yaml* Yaml::find(std::string_view key) {
  return const_cast<Yaml*>(std::as_const(*this).find(key));
}

Yaml parse_yaml(std::string_view text, std::string_view file_name, const YamlLimits& limits) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const Source source(text, file_name);
  if (int64_t(text.size()) > limits.bytes)
    throw UserError(str("the file has ", text.size(), " bytes; the limit is ", limits.bytes),
                    "split it", source.mark(0));
  check_characters(text, source);
  TreeBuilder builder(source, limits);
  builder.root.mark = source.mark(0);
  std::istringstream stream(hide_braces(text));
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& e) {
    throw_plainly(e, source, builder.innermost_bracket());
  }
  return std::move(builder.root);
}

Yaml load_yaml(const std::string& path, const YamlLimits& limits) {
  // One byte more than allowed, so that parse_yaml says what is wrong.
  return parse_yaml(read_file(path, limits.bytes + 1), path, limits);
}
}  // namespace cambium
