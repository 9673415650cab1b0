// The rules of C4: lines that are no sentences are taken out, and texts that have too few left, or
// are code or filler, are dropped.
#include <algorithm>
#include <array>

#include "data/curation/support/step.h"
#include "data/curation/support/words.h"

namespace cambium::step_c4_quality {
namespace {
struct Options {
  int64_t sentences = 5, words = 3, longest_word = 1000;
  bool terminal = true, lorem_ipsum = true, curly = true, javascript = true, policies = true,
       citations = true;
  static constexpr auto fields = std::tuple{
      field("sentences", &Options::sentences, "least in what is left").in(0),
      field("words", &Options::words, "least in a line that stays").in(0),
      field("longest_word", &Options::longest_word, "bytes; a line with a longer one goes").in(1),
      field("terminal", &Options::terminal,
            "lines that do not end in . ! ? or a quote, or that end in ..., go"),
      field("javascript", &Options::javascript, "lines that speak of javascript go"),
      field("policies", &Options::policies, "lines that speak of cookies and terms of use go"),
      field("citations", &Options::citations, "marks such as [3] and [edit] are taken out"),
      field("lorem_ipsum", &Options::lorem_ipsum, "texts that hold it are dropped"),
      field("curly", &Options::curly, "texts that hold { are dropped")};
};

constexpr std::array<std::string_view, 6> kPolicies = {"terms of use",   "privacy policy",
                                                       "cookie policy",  "uses cookies",
                                                       "use of cookies", "use cookies"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = char(c + 32);
  return out;
}

// Without [3], [], [edit] and [citation needed].
std::string without_citations(std::string_view line) {
  std::string out;
  while (!line.empty()) {
    const size_t open = std::min(line.find('['), line.size());
    out += line.substr(0, open);
    line.remove_prefix(open);
    if (line.empty()) break;
    const size_t close = line.find(']');
    const std::string_view inside =
        close == line.npos ? std::string_view() : line.substr(1, close - 1);
    const bool mark = close != line.npos && (inside == "edit" || inside == "citation needed" ||
                                             inside.find_first_not_of("0123456789") == inside.npos);
    const size_t used = mark ? close + 1 : 1;
    if (!mark) out += line.substr(0, used);
    line.remove_prefix(used);
  }
  return out;
}

class Rules {
 public:
  explicit Rules(const Options& o) : o_(o) {}

  bool operator()(Draft& d, Tally& tally) const {
    thread_local std::vector<std::string_view> lines;
    split_lines(d.text, lines);
    std::string left;
    std::map<std::string_view, int64_t> gone;
    int64_t sentences = 0;
    for (const std::string_view whole : lines) {
      std::string line(trim(whole));
      if (line.empty()) continue;
      if (o_.citations) line = without_citations(line);
      const std::string low = lower(line);
      if (const std::string_view drop = dropped_by(low); !drop.empty()) {
        tally.drop(std::string(drop), d);
        return false;
      }
      if (const std::string_view rule = line_rule(line, low); !rule.empty()) {
        ++gone[rule];
        continue;
      }
      sentences += count_sentences(line);
      left += left.empty() ? "" : "\n";
      left += line;
    }
    if (sentences < o_.sentences) {
      tally.drop("sentences", d);
      return false;
    }
    for (const auto& [rule, n] : gone) tally.change(str("line.", rule), d, n);
    d.text = std::move(left);
    return true;
  }

 private:
  std::string_view dropped_by(std::string_view low) const {
    if (o_.lorem_ipsum && low.find("lorem ipsum") != low.npos) return "lorem_ipsum";
    return o_.curly && low.find('{') != low.npos ? "curly" : "";
  }

  // The first rule that takes the line out; empty: it stays.
  std::string_view line_rule(std::string_view line, std::string_view low) const {
    thread_local std::vector<std::string_view> words;
    split_words(line, words);
    if (std::ranges::any_of(words, [&](auto w) { return int64_t(w.size()) > o_.longest_word; }))
      return "longest_word";
    const bool ends = line.ends_with('.') || line.ends_with('!') || line.ends_with('?') ||
                      line.ends_with('"') || line.ends_with('\'');
    if (o_.terminal && (!ends || line.ends_with("..."))) return "terminal";
    if (int64_t(words.size()) < o_.words) return "words";
    if (o_.javascript && low.find("javascript") != low.npos) return "javascript";
    const auto holds = [&](std::string_view p) { return low.find(p) != low.npos; };
    return o_.policies && std::ranges::any_of(kPolicies, holds) ? "policies" : "";
  }

  Options o_;
};
}  // namespace

extern const CurationKind step_c4_quality = {
    .name = "c4_quality",
    .doc =
        "takes out lines that are no sentences and drops texts that few are left of, or that "
        "are code or filler; `quality: c4`",
    .source = "Raffel et al. 2020, arXiv 1910.10683, section 2.2; details as in datatrove",
    .attrs = fields_of<Options>,
    .open = [](const Attrs& attrs, const StepPlace&) -> std::unique_ptr<CurationStep> {
      return each_document(Rules(attrs.as<Options>()));
    }};
}  // namespace cambium::step_c4_quality
