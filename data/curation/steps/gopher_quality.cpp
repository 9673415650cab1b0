// The quality rules of MassiveText, with the constants that datatrove uses.
#include <algorithm>
#include <array>
#include <bit>

#include "core/text/utf8.h"
#include "data/curation/support/limits.h"
#include "data/curation/support/step.h"
#include "data/curation/support/words.h"

namespace cambium::step_gopher_quality {
namespace {
struct Options {
  std::string words = "50..100000", word_length = "3..10";
  double hashes = 0.1, ellipses = 0.1, bullets = 0.9, ellipsis_lines = 0.3, letters = 0.8;
  int64_t stop_words = 2;
  static constexpr auto fields = std::tuple{
      field("words", &Options::words, "how many that are not punctuation alone"),
      field("word_length", &Options::word_length, "characters of such words, in the mean"),
      field("hashes", &Options::hashes, "most # a word").in(0, 1e6),
      field("ellipses", &Options::ellipses, "most ellipses a word").in(0, 1e6),
      field("bullets", &Options::bullets, "largest share of lines that begin with a bullet or -")
          .in(0, 1),
      field("ellipsis_lines", &Options::ellipsis_lines,
            "largest share of lines that end in an ellipsis")
          .in(0, 1),
      field("letters", &Options::letters, "least share of words that hold a letter").in(0, 1),
      field("stop_words", &Options::stop_words,
            "how many of the, be, to, of, and, that, have, with there must be")
          .in(0, 8)};
};

constexpr std::string_view kEllipsis = "\xE2\x80\xA6", kBullet = "\xE2\x80\xA2";

int64_t count(std::string_view text, std::string_view what) {
  int64_t n = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + what.size())) ++n;
  return n;
}

int64_t count_stop_words(const std::vector<std::string_view>& words) {
  static constexpr std::array<std::string_view, 8> kStops = {"the", "be",   "to",   "of",
                                                             "and", "that", "have", "with"};
  unsigned seen = 0;
  for (std::string_view word : words) {
    word = bare(word);
    if (word.size() < 2 || word.size() > 4) continue;
    for (size_t i = 0; i < kStops.size(); ++i)
      if (word == kStops[i]) seen |= 1u << i;
    if (seen == 0xFF) break;
  }
  return std::popcount(seen);
}

class Rules {
 public:
  explicit Rules(const Options& o)
      : o_(o),
        words_(limits_from("words", o.words)),
        length_(limits_from("word_length", o.word_length)) {}

  // The first rule that the text breaks; empty: none.
  std::string_view broken(std::string_view text) const {
    thread_local std::vector<std::string_view> words, lines;
    split_words(text, words);
    int64_t real = 0, length = 0, lettered = 0;
    for (const std::string_view w : words) {
      lettered += has_letter(w);
      if (is_symbol(w)) continue;
      ++real;
      length += characters(w);
    }
    if (words_.below(double(real))) return "too_few_words";
    if (words_.above(double(real))) return "too_many_words";
    const double mean = double(length) / double(std::max<int64_t>(1, real));
    if (length_.below(mean)) return "short_words";
    if (length_.above(mean)) return "long_words";
    const auto all = double(std::max<size_t>(1, words.size()));
    if (double(count(text, "#")) / all > o_.hashes) return "hashes";
    if (double(count(text, "...") + count(text, kEllipsis)) / all > o_.ellipses) return "ellipses";
    split_lines(text, lines);
    int64_t bullets = 0, ellipses = 0;
    for (const std::string_view line : lines) {
      const std::string_view t = trim(line);
      bullets += t.starts_with(kBullet) || t.starts_with('-');
      ellipses += t.ends_with("...") || t.ends_with(kEllipsis);
    }
    const auto n = double(std::max<size_t>(1, lines.size()));
    if (double(bullets) / n > o_.bullets) return "bullets";
    if (double(ellipses) / n > o_.ellipsis_lines) return "ellipsis_lines";
    if (double(lettered) / all < o_.letters) return "letters";
    return o_.stop_words > 0 && count_stop_words(words) < o_.stop_words ? "stop_words" : "";
  }

 private:
  Options o_;
  Limits words_, length_;
};
}  // namespace

extern const CurationKind step_gopher_quality = {
    .name = "gopher_quality",
    .doc =
        "drops texts that are too short, too long, or whose words and lines are not prose's; "
        "`quality: gopher`",
    .source = "Rae et al. 2021, arXiv 2112.11446, table A1; constants as in datatrove",
    .version = 2,
    .attrs = fields_of<Options>,
    .open = [](const Attrs& attrs, const StepPlace&) -> std::unique_ptr<CurationStep> {
      return drop_broken(Rules(attrs.as<Options>()));
    }};
}  // namespace cambium::step_gopher_quality
