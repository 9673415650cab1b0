// The repetition rules of MassiveText.
#include <algorithm>
#include <array>

#include "data/curation/likeness/repeats.h"
#include "data/curation/support/step.h"
#include "data/curation/support/words.h"

namespace cambium::step_gopher_repetition {
namespace {
struct Options {
  double lines = 0.3, paragraphs = 0.3, line_characters = 0.2, paragraph_characters = 0.2;
  std::vector<double> top = {0.2, 0.18, 0.16};
  std::vector<double> repeated = {0.15, 0.14, 0.13, 0.12, 0.11, 0.10};
  static constexpr auto fields = std::tuple{
      field("paragraphs", &Options::paragraphs, "largest share of paragraphs that equal one before")
          .in(0, 1),
      field("paragraph_characters", &Options::paragraph_characters,
            "largest share of the text in such paragraphs")
          .in(0, 1),
      field("lines", &Options::lines, "the same of lines").in(0, 1),
      field("line_characters", &Options::line_characters, "the same of lines").in(0, 1),
      field("top", &Options::top,
            "largest share of the text in the most frequent run of 2, 3 and 4 words")
          .in(0, 1),
      field("repeated", &Options::repeated,
            "largest share of the text in runs of 5 to 10 words that stood before")
          .in(0, 1)};
};

// Between empty lines, without white space around it.
void split_paragraphs(std::string_view text, std::vector<std::string_view>& paragraphs) {
  paragraphs.clear();
  text = trim(text);
  while (!text.empty()) {
    const size_t end = std::min(text.find("\n\n"), text.size());
    paragraphs.push_back(text.substr(0, end));
    text.remove_prefix(end);
    while (text.starts_with('\n')) text.remove_prefix(1);
  }
}

class Rules {
 public:
  explicit Rules(const Options& o) : o_(o) {}

  std::string broken(std::string_view text) const {
    thread_local std::string buffer;
    thread_local std::vector<std::string_view> pieces, words;
    text = with_lf(text, buffer);
    thread_local WordRuns runs;
    const double all = double(std::max<size_t>(1, text.size()));
    split_paragraphs(text, pieces);
    Repeats r = repeats_of(pieces);
    if (double(r.pieces) > o_.paragraphs * double(pieces.size())) return "paragraphs";
    if (double(r.bytes) / all > o_.paragraph_characters) return "paragraph_characters";
    split_lines(text, pieces);
    std::erase_if(pieces, [](std::string_view line) { return line.empty(); });
    r = repeats_of(pieces);
    if (double(r.pieces) > o_.lines * double(pieces.size())) return "lines";
    if (double(r.bytes) / all > o_.line_characters) return "line_characters";
    split_words(text, words);
    runs.set(words);
    for (size_t i = 0; i < o_.top.size(); ++i)
      if (double(runs.most_frequent(int64_t(i) + 2)) / all > o_.top[i])
        return str("top_", i + 2, "_words");
    for (size_t i = 0; i < o_.repeated.size(); ++i)
      if (double(runs.repeated(int64_t(i) + 5)) / all > o_.repeated[i])
        return str("repeated_", i + 5, "_words");
    return {};
  }

 private:
  Options o_;
};
}  // namespace

extern const CurationKind step_gopher_repetition = {
    .name = "gopher_repetition",
    .doc =
        "drops texts that repeat themselves; `repetition: gopher`. Shares are of bytes; a run "
        "that comes once is no repetition",
    .source = "Rae et al. 2021, arXiv 2112.11446, table A1",
    .version = 2,
    .attrs = fields_of<Options>,
    .open = [](const Attrs& attrs, const StepPlace&) -> std::unique_ptr<CurationStep> {
      const auto& o = attrs.as<Options>();
      if (o.top.size() > 3)
        throw OptionError("top", "there are three runs, of 2, 3 and 4 words", "give three shares");
      if (o.repeated.size() > 6)
        throw OptionError("repeated", "there are six runs, of 5 to 10 words", "give six shares");
      return drop_broken(Rules(o));
    }};
}  // namespace cambium::step_gopher_repetition
