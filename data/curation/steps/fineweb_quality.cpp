// The rules that FineWeb adds to those of Gopher and C4.
#include <algorithm>

#include "core/text/utf8.h"
#include "core/xxhash.h"
#include "data/curation/likeness/repeats.h"
#include "data/curation/support/step.h"
#include "data/curation/support/words.h"

namespace cambium::step_fineweb_quality {
namespace {
struct Options {
  double ended = 0.12, short_lines = 0.67, repeated = 0.01, newlines = 0.3;
  int64_t short_line = 30;
  static constexpr auto fields = std::tuple{
      field("ended", &Options::ended, "least share of lines that end in . ! ? or their like")
          .in(0, 1),
      field("short_lines", &Options::short_lines, "largest share of short lines").in(0, 1),
      field("short_line", &Options::short_line, "characters of a short line, at most").in(0),
      field("repeated", &Options::repeated,
            "largest share of characters in lines that stood before")
          .in(0, 1),
      field("newlines", &Options::newlines, "most newlines a word").in(0, 1e6)};
};

class Rules {
 public:
  explicit Rules(const Options& o) : o_(o) {}

  std::string_view broken(std::string_view text) const {
    thread_local std::string buffer;
    thread_local std::vector<std::string_view> lines, words;
    text = with_lf(text, buffer);
    split_lines(text, lines);
    std::erase_if(lines, [](std::string_view l) { return trim(l).empty(); });
    if (lines.empty()) return "empty";
    int64_t ended = 0, short_lines = 0;
    for (const std::string_view line : lines) {
      ended += ends_sentence(trim(line));
      short_lines += characters(line) <= o_.short_line;
    }
    const auto n = double(lines.size());
    if (double(ended) / n < o_.ended) return "ended";
    if (double(short_lines) / n > o_.short_lines) return "short_lines";
    const int64_t newlines = std::ranges::count(text, '\n');
    const double inked = double(std::max<int64_t>(1, int64_t(text.size()) - newlines));
    if (double(repeated_bytes(lines)) / inked > o_.repeated) return "repeated";
    split_words(text, words);
    const double per_word = double(newlines) / double(std::max<size_t>(1, words.size()));
    return per_word > o_.newlines ? "newlines" : "";
  }

 private:
  Options o_;
};
}  // namespace

extern const CurationKind step_fineweb_quality = {
    .name = "fineweb_quality",
    .doc =
        "drops texts of lists, of lines that end nowhere and of lines that stood before; "
        "`quality: fineweb`",
    .source = "Penedo et al. 2024, arXiv 2406.17557; constants as in datatrove",
    .version = 2,
    .attrs = fields_of<Options>,
    .open = [](const Attrs& attrs, const StepPlace&) -> std::unique_ptr<CurationStep> {
      return drop_broken(Rules(attrs.as<Options>()));
    }};
}  // namespace cambium::step_fineweb_quality
