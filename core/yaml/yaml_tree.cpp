#include "core/yaml/yaml_tree.h"

#include <algorithm>

namespace cambium {
namespace {
constexpr std::string_view kShown = "{},[]", kHidden = "\xf8\xf9\xfa\xfb\xfc";
constexpr int64_t kBytesOfValue = 64;  // of text, that count as one value more

// What a node alone takes of the limit on values.
int64_t cost_of(const Yaml& node) {
  return 1 + int64_t(node.text.size()) / kBytesOfValue;
}

void reveal_expressions(std::string& text) {
  for (char& c : text)
    if (const size_t k = kHidden.find(c); k != kHidden.npos) c = kShown[k];
}

// The first quote of a bracketed group that is never closed, or npos.
size_t unclosed_quote(std::string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (!starts_quote(text, i)) continue;
    const size_t bytes = quoted_bytes(text.substr(i));
    if (bytes == 0) return i;
    i += bytes - 1;
  }
  return std::string_view::npos;
}
}  // namespace

std::string hide_expressions(std::string_view text) {
  std::string out(text);
  size_t close = 0;
  for (size_t open = out.find("${"); open != out.npos; open = out.find("${", close)) {
    // An expression holds no quote: one ends the text in which this is no expression.
    close = std::min(out.find_first_of("}\r\n\"'", open), out.size());
    if (close == out.size() || out[close] != '}') continue;
    for (size_t i = open + 1; i <= close; ++i)
      if (const size_t k = kShown.find(out[i]); k != kShown.npos) out[i] = kHidden[k];
  }
  return out;
}

void YamlTree::refuse_unclosed() const {
  for (auto o = open_.rbegin(); o != open_.rend(); ++o)
    if (starts_with(*o, '[') || starts_with(*o, '{')) refuse_bracket(o->at);
}

void YamlTree::document(size_t at) {
  if (++documents_ > 1)
    throw UserError("a second YAML document starts here", "keep one document a file",
                    source_.value_mark(at));
}

void YamlTree::null(size_t at, size_t anchor) {
  Yaml node;
  node.mark = source_.value_mark(at);
  const bool in_list = !open_.empty() && open_.back().node.is_list();
  if (in_list && source_.from(source_.value_offset(at)).starts_with(','))
    throw UserError("a list entry is missing before this comma", "remove the comma", node.mark);
  count(1, node.mark);
  remember(node, anchor, 1);
  put(std::move(node));
}

void YamlTree::alias(size_t at, size_t anchor) {
  const Mark mark = source_.value_mark(at);
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end())
    throw UserError("this alias stands inside its own anchor", "write the value out", mark);
  count(found->second.nodes, mark);
  put(Yaml(found->second.tree));
}

void YamlTree::scalar(size_t at, const std::string& tag, size_t anchor, std::string text) {
  Yaml node;
  node.kind = Yaml::kScalar;
  node.mark = source_.value_mark(at);
  check_tag(tag, "tag:yaml.org,2002:str", at);
  node.quoted = tag != "?" || text == "-";  // [-] has one reading only: text
  node.text = std::move(text);
  reveal_expressions(node.text);
  // Where the system reads a path it would end there, and so would a message.
  if (node.text.find('\0') != node.text.npos)
    throw UserError("a text cannot hold \\0", "remove it", node.mark);
  const size_t value = source_.value_offset(at);
  check_closed(value);
  if (waits_for_key()) check_colon(value, node);
  count(cost_of(node), node.mark);
  remember(node, anchor, cost_of(node));
  put(std::move(node));
}

void YamlTree::open(Yaml::Kind kind, size_t at, const std::string& tag, size_t anchor) {
  Yaml node;
  node.kind = kind;
  node.mark = source_.value_mark(at);
  check_tag(tag, kind == Yaml::kMap ? "tag:yaml.org,2002:map" : "tag:yaml.org,2002:seq", at);
  if (int(open_.size()) >= limits_.depth)
    throw UserError(str("nested more than ", limits_.depth, " levels deep"), "flatten it",
                    node.mark);
  const size_t value = source_.value_offset(at);
  if (waits_for_key()) {
    // A bracket that is never closed looks to the parser like the start of a key.
    const std::string_view token = source_.from(value);
    const bool bracket = token.starts_with('[') || token.starts_with('{');
    if (bracket && group_bytes(token) == 0) refuse_bracket(value);
    refuse_key(node.mark);
  }
  const int64_t before = nodes_;
  count(1, node.mark);
  open_.push_back({std::move(node), value, anchor, before});
}

void YamlTree::close() {
  Open done = std::move(open_.back());
  open_.pop_back();
  remember(done.node, done.anchor, nodes_ - done.first_node);
  put(std::move(done.node));
}

void YamlTree::check_tag(const std::string& tag, std::string_view allowed, size_t at) const {
  if (tag == "?" || tag == "!" || tag == allowed) return;
  const std::string_view token = source_.from(at);
  throw UserError(str("unknown tag '", tag, "'"), "remove it: specs use no YAML tags",
                  source_.mark(at, std::min(token.find_first_of(" \t\r\n"), token.size())));
}

void YamlTree::count(int64_t nodes, const Mark& mark) {
  nodes_ += nodes;
  if (nodes_ > limits_.nodes)
    throw UserError(
        str("more than ", limits_.nodes, " YAML values, counting what aliases expand to"),
        "split the file", mark);
}

// An anchored value is stored once more, so it counts once more.
void YamlTree::remember(const Yaml& node, size_t anchor, int64_t nodes) {
  if (anchor == 0) return;
  count(nodes, node.mark);
  anchors_[anchor] = {node, nodes};
}

void YamlTree::put(Yaml node) {
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

void YamlTree::take_key(Open& top, const Yaml& node) {
  if (node.is_null() && is_pair_in_list()) refuse_bracket(open_[open_.size() - 2].at);
  if (!node.is_scalar()) refuse_key(node.mark);
  if (node.text == "<<" && !node.quoted)
    throw UserError("merge keys (<<) are not supported", "use extends: or vars:", node.mark);
  const auto [first, is_new] = top.keys.try_emplace(node.text, node.mark);
  if (!is_new) {
    UserError e(str("the key '", node.text, "' stands twice in this map"), "remove one of them",
                node.mark);
    e.notes.push_back({"first given", first->second});
    throw e;
  }
  top.entry = {node.text, node.mark, {}};
  top.has_key = true;
}

bool YamlTree::waits_for_key() const {
  return !open_.empty() && open_.back().node.is_map() && !open_.back().has_key;
}

// [1, 2 without its bracket arrives as the one-pair map {2: } inside the list.
bool YamlTree::is_pair_in_list() const {
  return open_.size() > 1 && starts_with(open_[open_.size() - 2], '[') &&
         !starts_with(open_.back(), '{');
}

// yaml-cpp takes an open quote at the end of the file as closed.
void YamlTree::check_closed(size_t at) const {
  const std::string_view token = source_.from(at);
  if (token.empty() || (token[0] != '"' && token[0] != '\'') || quoted_bytes(token) > 0) return;
  throw UserError("this quote is never closed", str("add the missing ", token.substr(0, 1)),
                  source_.mark(at));
}

// yaml-cpp takes a word without a colon as a key without a value.
void YamlTree::check_colon(size_t at, const Yaml& key) const {
  std::string_view rest = source_.from(at);
  const bool quoted = rest.starts_with('"') || rest.starts_with('\'');
  rest.remove_prefix(std::min(quoted ? quoted_bytes(rest) : key.text.size(), rest.size()));
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  if (rest.starts_with(':')) return;
  if (is_pair_in_list()) refuse_bracket(open_[open_.size() - 2].at);
  throw UserError(str("'", key.text, "' has no value"), str("write `", key.text, ": value`"),
                  key.mark);
}

void YamlTree::refuse_bracket(size_t at) const {
  const std::string_view token = source_.from(at);
  if (const size_t quote = unclosed_quote(token); quote != token.npos) check_closed(at + quote);
  const bool list = token.starts_with('[');
  throw UserError(str("this ", list ? "[" : "{", " is never closed"),
                  str("add the missing ", list ? "]" : "}", " or a comma"), source_.mark(at));
}

void YamlTree::refuse_key(const Mark& mark) const {
  throw UserError("a key must be text", "write it as `name: value`", mark);
}
}  // namespace cambium
