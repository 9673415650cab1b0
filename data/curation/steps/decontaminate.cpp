// Decontamination: texts that hold what models are judged by.
#include "data/corpus/document.h"
#include "data/curation/likeness/contamination.h"

namespace cambium::step_decontaminate {
namespace {
struct Options {
  std::vector<std::string> against;
  int64_t ngram = 13, short_ngram = 5;
  double covered = 0.3;
  std::string action = "report", text = "text";
  static constexpr auto fields = std::tuple{
      field("against", &Options::against,
            "a map of names and files of texts: lines, or JSON lines and tables"),
      field("ngram", &Options::ngram, "a text of fewer words must be found whole; 13 as in GPT-3")
          .in(1, 1000),
      field("short", &Options::short_ngram,
            "words of the runs that are looked for in longer ones; a text of fewer must be all of "
            "a document")
          .in(1, 1000),
      field("covered", &Options::covered,
            "share of a text's runs that must be found, so that a copy with a tenth of its words "
            "replaced is")
          .in(0.01, 1),
      field("text", &Options::text, "of JSON and tables: where the text stands"),
      field("action", &Options::action, "report: count and keep; drop").one_of("report|drop")};
};

class Step final : public CurationStep {
 public:
  explicit Step(const Options& o)
      : drops_(o.action == "drop"), index_({o.short_ngram, o.ngram, o.covered}) {
    if (o.against.empty())
      throw OptionError("against", "no texts are named", "write against: {trec: trec_test.txt}");
    for (const std::string& entry : o.against) add_set(entry, o.text);
  }

  std::unique_ptr<Judge> judge(int64_t) const override { return std::make_unique<Finder>(*this); }

  Json findings() const override { return {{"texts", index_.texts()}}; }

 private:
  class Finder final : public Judge {
   public:
    explicit Finder(const Step& step) : step_(step) {}

    bool keep(Draft& draft, Tally& tally) override {
      const auto hit = step_.index_.find(draft.text);
      if (hit.set < 0) return true;
      const std::string& rule = step_.names_[size_t(hit.set)];
      if (step_.drops_) tally.drop(rule, draft);
      if (!step_.drops_) tally.change(rule, draft, 0);
      return !step_.drops_;
    }

   private:
    const Step& step_;
  };

  // "trec=trec_test.txt"
  void add_set(const std::string& entry, const std::string& key) {
    const size_t equals = entry.find('=');
    if (equals == entry.npos || equals == 0 || equals + 1 == entry.size())
      throw OptionError("against", str("'", entry, "' is no name and file"),
                        "write against: {trec: trec_test.txt}");
    names_.push_back(entry.substr(0, equals));
    const std::string path = entry.substr(equals + 1);
    const bool table = path.find(".json") != path.npos || path.find(".csv") != path.npos ||
                       path.find(".tsv") != path.npos;
    try {
      const auto documents =
          open_corpus({.path = path, .format = table ? "auto" : "lines", .key = key});
      for (Document d; documents->next(d);) index_.add(d.text, int64_t(names_.size()) - 1);
    } catch (const UserError& e) {
      throw OptionError("against", e.what(), e.help);
    }
  }

  bool drops_;
  ContaminationIndex index_;
  std::vector<std::string> names_;
};
}  // namespace

extern const CurationKind step_decontaminate = {
    .name = "decontaminate",
    .doc = "finds texts that hold what models are judged by, copied or with words replaced",
    .source = "Brown et al. 2020, arXiv 2005.14165, appendix C (runs of 13 words)",
    .attrs = fields_of<Options>,
    .primary = "against",
    .maps = "against",
    .open = [](const Attrs& attrs, const StepPlace&) -> std::unique_ptr<CurationStep> {
      return std::make_unique<Step>(attrs.as<Options>());
    }};
}  // namespace cambium::step_decontaminate
