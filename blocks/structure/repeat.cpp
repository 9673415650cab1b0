// repeat: `count` copies of a body, or of the bodies that a pattern of letters names in turn:
// "CCA", "(MMA-)x4", "M-M*-". Inside, $layer is the number of the copy, from 0.
#include "blocks/compose/entry.h"
#include "blocks/compose/restore.h"
#include "core/text/suggest.h"

namespace cambium::block_repeat {
namespace {
struct Repeat {
  int64_t count = 0;
  std::string pattern = "";
  static constexpr auto fields =
      std::tuple{field("count", &Repeat::count,
                       "copies, each with its own weights; 0: the pattern once, or one body")
                     .in(0, 1000),
                 field("pattern", &Repeat::pattern,
                       "letters A-Z, - and *, each an option that holds blocks; x4 after a letter "
                       "or a (group) repeats it; cycled over the copies")};
};

constexpr size_t kLongest = 1000;

// A pattern written out: "(AB)x2C" is "ABABC". UserError for one that cannot be read.
class PatternReader {
 public:
  explicit PatternReader(std::string_view text) : text_(text) {}

  std::string read() {
    std::string all = sequence();
    if (at_ < text_.size()) fail("has a ) too many");
    return all;
  }

 private:
  std::string sequence() {
    std::string out;
    while (at_ < text_.size() && text_[at_] != ')') {
      std::string item;
      const char c = text_[at_++];
      if (c == '(') {
        item = sequence();
        if (at_ == text_.size()) fail("has a ( without its )");
        ++at_;
        if (item.empty()) fail("has nothing between ( and )");
      } else if (is_pattern_letter(std::string(1, c))) {
        item = c;
      } else {
        fail(str("has '", std::string(1, c), "' at place ", at_));
      }
      const int64_t times = count();
      for (int64_t i = 0; i < times; ++i) {
        out += item;
        if (out.size() > kLongest) fail(str("is longer than ", kLongest, " letters"));
      }
    }
    return out;
  }

  int64_t count() {
    if (at_ == text_.size() || text_[at_] != 'x') return 1;
    int64_t n = 0;
    const size_t first = ++at_;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_)
      n = std::min<int64_t>(10 * n + (text_[at_] - '0'), int64_t(kLongest) + 1);
    if (at_ == first || n == 0) fail("has an x without a count of at least 1");
    return n;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw UserError(str("pattern = ", text_, " ", what),
                    "a pattern is made of letters A-Z, - and *, groups in ( ), and counts such as "
                    "x4 behind either");
  }

  std::string_view text_;
  size_t at_ = 0;
};

// The list each copy builds.
const Yaml& body_of(const BlockUse& use, const std::string& pattern, int64_t copy) {
  if (pattern.empty()) return *use.body("body");
  return *use.body(pattern.substr(size_t(copy) % pattern.size(), 1));
}

void check_pattern(const BlockUse& use, const std::string& pattern) {
  std::vector<std::string> letters;
  for (const YamlEntry& o : use.options)
    if (is_pattern_letter(o.key)) letters.push_back(o.key);
  require(!pattern.empty() || use.body("body"), "has neither `body` nor `pattern`");
  require_option("pattern", pattern.empty() || !use.body("body"), "pattern = ", pattern,
                 " leaves `body` unused");
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
  const auto& a = use.attrs.as<Repeat>();
  std::string pattern;
  try {
    pattern = PatternReader(a.pattern).read();
  } catch (const UserError& e) {
    throw UserError(e.what(), e.help, use.mark_of("pattern"));
  }
  check_pattern(use, pattern);
  const int64_t copies = a.count > 0 ? a.count : std::max<int64_t>(1, int64_t(pattern.size()));
  const double more = double(copies) / b.at_base("copies", double(copies));
  const Restore depth(b.depth, b.depth * more);
  const Vars& outer = b.vars();
  for (int64_t i = 0; i < copies; ++i) {
    Vars vars(&outer);
    vars.set("layer", i);
    s = b.in_scope(str(i), [&] { return b.build_list(body_of(use, pattern, i), s, vars); });
  }
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
    .variable = "layer",
    .repeats = true,
    .steps = true,
    .build = build,
    .samples = {{"{repeat: 2, body: [{linear: 4}]}", Domain::kTokens, {2, 3, 4}},
                {"{repeat: 3, pattern: AB, A: {linear: 4}, B: [{norm: layer}, {activation: tanh}]}",
                 Domain::kVector,
                 {3, 4}},
                {"{repeat: {pattern: '(A-)x2*', A: {linear: 4}, '-': {activation: relu}, '*': "
                 "{ffn: 2}}}",
                 Domain::kVector,
                 {2, 4}}}};
}  // namespace cambium::block_repeat
