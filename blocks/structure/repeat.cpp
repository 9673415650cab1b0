// repeat: `count` copies of a body, or of the bodies that a pattern of letters names in turn.
#include "blocks/entry.h"
#include "core/suggest.h"

namespace cambium {
namespace {
struct Repeat {
  int64_t count = 1;
  std::string pattern = "";
  static constexpr auto fields =
      std::tuple{field("count", &Repeat::count, "copies, each with its own weights").in(1, 1000),
                 field("pattern", &Repeat::pattern,
                       "letters A-Z, each an option that holds blocks; cycled over the copies")};
};

// The list each copy builds.
const Yaml& body_of(const BlockUse& use, int64_t copy) {
  const std::string& pattern = use.attrs.as<Repeat>().pattern;
  if (pattern.empty()) return *use.body("body");
  return *use.body(pattern.substr(size_t(copy) % pattern.size(), 1));
}

void check_pattern(const BlockUse& use) {
  const std::string& pattern = use.attrs.as<Repeat>().pattern;
  std::vector<std::string> letters;
  for (const YamlEntry& o : use.options)
    if (is_pattern_letter(o.key)) letters.push_back(o.key);
  require(!pattern.empty() || use.body("body"), "has neither `body` nor `pattern`");
  require(pattern.empty() || !use.body("body"), "pattern = ", pattern, " leaves `body` unused");
  if (pattern.empty() && !letters.empty())
    throw UserError(str("'", letters[0], "' has no pattern that uses it"),
                    "write pattern: with the letters in order", use.mark_of(letters[0]));
  for (const char c : pattern) {
    if (use.body(std::string(1, c)) && is_pattern_letter(std::string(1, c))) continue;
    throw UserError(
        str("pattern = ", pattern, " uses '", std::string(1, c), "', which is not given"),
        letters.empty() ? str("add ", std::string(1, c), ": [...] beside the pattern")
                        : str("known: ", join_names(letters)),
        use.mark_of("pattern"));
  }
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  check_pattern(use);
  for (int64_t i = 0; i < use.attrs.as<Repeat>().count; ++i)
    s = b.in_scope(str(i), [&] { return b.build_list(body_of(use, i), s, b.vars()); });
  return s;
}
}  // namespace

extern const Block block_repeat = {
    .name = "repeat",
    .family = "structure",
    .doc =
        "Copies of a body in a row, each with weights of its own; a pattern mixes several bodies",
    .formula = "y = body_n(... body_2(body_1(x)))",
    .paper = "",
    .attrs = fields_of<Repeat>,
    .primary = "count",
    .bodies = {"body"},
    .any_option = true,
    .repeats = true,
    .steps = true,
    .build = build,
    .samples = {{"{repeat: 2, body: [{linear: 4}]}", Domain::kTokens, {2, 3, 4}},
                {"{repeat: 3, pattern: AB, A: {linear: 4}, B: [{norm: layer}, {activation: tanh}]}",
                 Domain::kVector,
                 {3, 4}}}};
}  // namespace cambium
