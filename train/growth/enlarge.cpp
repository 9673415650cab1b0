// Larger sizes in a spec.
#include <algorithm>
#include <cctype>
#include <charconv>

#include "blocks/block.h"
#include "core/diagnostics.h"
#include "train/growth/growth.h"

namespace cambium {
namespace {
constexpr std::string_view kWidths[] = {"width", "dim", "hidden", "heads", "kv_heads", "groups"};

bool is_part_of_name(char c) {
  return std::isalnum(uint8_t(c)) || c == '_';
}

// Whether an expression such as "${dim * 4}" asks for the variable.
bool asks_for(std::string_view text, std::string_view name) {
  if (text.find('$') == text.npos) return false;
  for (size_t at = text.find(name); at != text.npos; at = text.find(name, at + 1)) {
    const size_t end = at + name.size();
    if ((at == 0 || !is_part_of_name(text[at - 1])) &&
        (end == text.size() || !is_part_of_name(text[end])))
      return true;
  }
  return false;
}

// A whole number written out.
std::optional<int64_t> number_of(const Yaml& value) {
  int64_t n = 0;
  const std::string& t = value.text;
  const auto [end, error] = std::from_chars(t.data(), t.data() + t.size(), n);
  if (!value.is_scalar() || value.quoted || error != std::errc() || end != t.data() + t.size())
    return {};
  return n;
}

const Block* block_named(std::string_view name) {
  for (const Block* b : builtin_blocks())
    if (b->name == name) return b;
  return nullptr;
}

class Enlarger {
 public:
  Enlarger(Spec& spec, int64_t width, int64_t depth)
      : vars_(spec.root.find("vars")), width_(width), depth_(depth) {
    for (const char* section : {"model", "encoder", "decoder", "define"})
      if (Yaml* blocks = spec.root.find(section)) {
        Yaml* answers =
            section == std::string_view("model") || section[0] == 'd' ? last(*blocks) : nullptr;
        walk(*blocks, section == std::string_view("define") ? nullptr : answers);
      }
  }

  void finish(const Mark& mark) {
    if (width_ > 1 && !widened_)
      errors_.add(UserError("--width finds no number of channels to enlarge in the model",
                            "say sizes with --set, such as --set vars.dim=128", mark));
    if (depth_ > 1 && !deepened_)
      errors_.add(UserError("--depth finds no repeat whose count it could enlarge",
                            "put the layers into `repeat`, or say sizes with --set", mark));
    errors_.throw_if_any();
  }

 private:
  static Yaml* last(Yaml& list) {
    return list.is_list() && !list.items.empty() ? &list.items.back() : nullptr;
  }

  // `answers`: the entry whose own sizes are those of the answers.
  void walk(Yaml& node, const Yaml* answers) {
    for (Yaml& item : node.items) walk(item, answers);
    if (!node.is_map()) return;
    for (YamlEntry& e : node.entries) {
      const Block* block = block_named(e.key);
      if (block && &node != answers) options_of(*block, node, e.value);
      walk(e.value, answers);
    }
  }

  void options_of(const Block& block, Yaml& entry, Yaml& value) {
    if (value.is_map())
      for (YamlEntry& option : value.entries) enlarge(block, option.key, option.value);
    else
      enlarge(block, block.primary, value);
    for (YamlEntry& option : entry.entries)
      if (&option.value != &value) enlarge(block, option.key, option.value);
  }

  void enlarge(const Block& block, std::string_view option, Yaml& value) {
    if (!value.is_scalar()) return;
    const bool counts = block.repeats && option == "count";
    if (counts && depth_ > 1) deepened_ |= times(value, depth_);
    // repeat: 4 says the count, repeat: [..] the body
    const bool width = std::ranges::count(kWidths, option) > 0 && !block.repeats;
    if (width && width_ > 1) widened_ |= times(value, width_);
  }

  bool times(Yaml& value, int64_t factor) {
    if (const std::optional<int64_t> n = number_of(value)) {
      if (*n > 0) value.text = str(*n * factor);
      return *n > 0;
    }
    bool found = false;
    if (vars_)
      for (YamlEntry& v : vars_->entries)
        if (asks_for(value.text, v.key)) found |= variable(v, factor, value.mark);
    return found;
  }

  bool variable(YamlEntry& v, int64_t factor, const Mark& used) {
    if (const auto before = done_.find(v.key); before != done_.end()) {
      if (before->second != factor)
        errors_.add(UserError(str("'", v.key, "' counts channels and layers both"),
                              str("say sizes with --set vars.", v.key, "=..."), used));
      return true;
    }
    done_.emplace(v.key, factor);
    return times(v.value, factor);
  }

  Yaml* vars_;
  int64_t width_, depth_;
  bool widened_ = false, deepened_ = false;
  std::map<std::string, int64_t> done_;
  Diagnostics errors_;
};
}  // namespace

void enlarge(Spec& spec, int64_t width, int64_t depth) {
  Enlarger(spec, width, depth).finish({});
}
}  // namespace cambium
