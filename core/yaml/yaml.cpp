#include "core/yaml/yaml.h"

#include <algorithm>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "core/system/files.h"
#include "core/text/fmt.h"
#include "core/text/utf8.h"
#include "core/yaml/yaml_tree.h"

namespace cambium {
namespace {
size_t offset_of(const Source& source, const YAML::Mark& m) {
  return m.is_null() ? source.size() : source.offset(m.line, m.column);
}

// Hands yaml-cpp's events to the tree.
class Events : public YAML::EventHandler {
 public:
  Events(const Source& source, YamlTree& tree) : source_(source), tree_(tree) {}

  void OnDocumentStart(const YAML::Mark& m) override { tree_.document(offset_of(source_, m)); }

  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& m, YAML::anchor_t anchor) override {
    tree_.null(offset_of(source_, m), anchor);
  }

  void OnAlias(const YAML::Mark& m, YAML::anchor_t anchor) override {
    tree_.alias(offset_of(source_, m), anchor);
  }

  void OnScalar(const YAML::Mark& m, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    tree_.scalar(offset_of(source_, m), tag, anchor, value);
  }

  void OnSequenceStart(const YAML::Mark& m, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    tree_.open(Yaml::kList, offset_of(source_, m), tag, anchor);
  }

  void OnMapStart(const YAML::Mark& m, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    tree_.open(Yaml::kMap, offset_of(source_, m), tag, anchor);
  }

  void OnSequenceEnd() override { tree_.close(); }

  void OnMapEnd() override { tree_.close(); }

 private:
  const Source& source_;
  YamlTree& tree_;
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
                                const YamlTree& tree) {
  const size_t at = offset_of(source, e.mark);
  const std::string_view line = source.from(source.offset(e.mark.line, 0));
  const std::string_view indent = line.substr(0, line.find_first_not_of(" \t"));
  if (const size_t tab = indent.find('\t'); tab != indent.npos && !e.mark.is_null())
    throw UserError("a tab cannot indent YAML", "use spaces",
                    source.mark(source.offset(e.mark.line, int(tab))));
  for (const auto& [parser_says, what, help] : kWords) {
    if (!e.msg.starts_with(parser_says)) continue;
    if (what.ends_with("is never closed")) tree.refuse_unclosed();
    throw UserError(std::string(what), std::string(help), source.mark(at));
  }
  throw UserError("this is not valid YAML", "check indentation, quotes and brackets",
                  source.mark(at));
}

void check_characters(std::string_view text, const Source& source) {
  if (const int64_t bad = first_invalid_utf8(text); bad >= 0)
    throw UserError(str("byte ", bad, " is not UTF-8"), "save the file as UTF-8",
                    source.mark(size_t(bad)));
  const auto breaks = [&](size_t i) { return text[i] == '\r' && text.substr(i + 1, 1) == "\n"; };
  for (size_t i = 0; i < text.size(); ++i)
    if (const auto c = uint8_t(text[i]);
        (c < 0x20 && c != '\n' && c != '\t' && !breaks(i)) || c == 0x7f)
      throw UserError(fmt::format("the control character \\x{:02x} cannot stand in YAML", c),
                      "remove it", source.mark(i));
}

// Before yaml-cpp keeps a megabyte of open brackets. Those of quotes and plain texts count too, and
// nobody writes a thousand of them that stay open.
void check_brackets(std::string_view text, const Source& source, const YamlLimits& limits) {
  constexpr int kMostOpen = 1000;
  int open = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '[' || text[i] == '{') ++open;
    if (text[i] == ']' || text[i] == '}') open = std::max(open - 1, 0);
    if (open > kMostOpen)
      throw UserError(str("nested more than ", limits.depth, " levels deep"), "flatten it",
                      source.mark(i));
  }
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
  check_brackets(text, source, limits);
  YamlTree tree(source, limits);
  tree.root.mark = source.mark(0);
  Events events(source, tree);
  std::istringstream stream(hide_expressions(text));
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(events)) {
    }
  } catch (const YAML::Exception& e) {
    throw_plainly(e, source, tree);
  }
  return std::move(tree.root);
}

Yaml load_yaml(const std::string& path, const YamlLimits& limits) {
  // One byte more than allowed, so that parse_yaml says what is wrong.
  return parse_yaml(read_file(path, limits.bytes + 1), path, limits);
}
}  // namespace cambium
