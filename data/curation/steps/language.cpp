// Languages: texts in others than those that are wanted.
#include <algorithm>

#include "core/text/suggest.h"
#include "data/curation/support/languages.h"
#include "data/curation/support/step.h"

namespace cambium::step_language {
namespace {
struct Options {
  std::vector<std::string> keep;
  double least = 0.65;
  static constexpr auto fields = std::tuple{
      field("keep", &Options::keep, "codes of ISO 639-1, such as [en, de]"),
      field("least", &Options::least, "share of a text that must be in its language").in(0, 1)};
};

class Rules {
 public:
  explicit Rules(const Options& o) : o_(o) {}

  bool operator()(const Draft& d, Tally& tally) const {
    const FoundLanguage found = language_of(d.text);
    const bool wanted = std::ranges::count(o_.keep, found.code) > 0;
    if (wanted && found.share >= o_.least) return true;
    tally.drop(wanted ? "mixed" : found.code, d);
    return false;
  }

 private:
  Options o_;
};
}  // namespace

extern const CurationKind step_language = {
    .name = "language",
    .doc = "keeps texts in these languages; those that are dropped are counted by theirs",
    .source = "Compact Language Detector 2 (github.com/CLD2Owners/cld2)",
    .attrs = fields_of<Options>,
    .primary = "keep",
    .open = [](const Attrs& attrs, const StepPlace&) -> std::unique_ptr<CurationStep> {
      const auto& o = attrs.as<Options>();
      if (o.keep.empty())
        throw OptionError("keep", "no language is named", "write language: {keep: [en]}");
      const std::vector<std::string> known = language_codes();
      for (const std::string& code : o.keep)
        if (!std::ranges::binary_search(known, code))
          throw OptionError("keep", str("'", code, "' is no language that can be found"),
                            suggestion(code, known));
      return each_document(Rules(o));
    }};
}  // namespace cambium::step_language
