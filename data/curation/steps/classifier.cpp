// Classifier: a regression that tells good texts from raw ones says which raw ones are like them.
#include <algorithm>
#include <cmath>
#include <set>

#include "core/rng.h"
#include "core/system/files.h"
#include "data/curation/scoring/logistic.h"
#include "data/curation/scoring/scoring_step.h"
#include "data/curation/scoring/word_features.h"

namespace cambium::step_classifier {
namespace {
struct Options : ScoringOptions {
  std::vector<std::string> good, raw;
  std::string unit = "word";
  int64_t ngram = 2, folds = 4, places = 1 << 20, passes = 3;
  double pareto = 0, learn = 64e6, rate = 0.5;

  static constexpr auto fields = std::tuple{
      field("good", &Options::good,
            "texts that are wished for: sources of the recipe as they are at this step, or files, "
            "folders and patterns of files"),
      field("raw", &Options::raw, "texts as they come, named likewise"),
      field("keep", &Options::keep,
            "what stays: limits of the probability of being good where half of all texts are, "
            "0.5.., or percentiles of the documents, 40%..100%. Nothing said: 0.5.., or, where "
            "pareto draws, all"),
      field("pareto", &Options::pareto,
            "shape of a Pareto distribution: a number is drawn for each document, which goes where "
            "1 - its probability is as much or more, so that some unlike ones stay; 9 as for "
            "GPT-3. 0: none is drawn")
          .in(0, 1000),
      field("of", &Options::of, "whose documents percentiles count: each source's own, or all")
          .one_of("source|all"),
      field("only", &Options::only,
            "sources that are judged; documents of others stay. None: those of raw"),
      field("unit", &Options::unit,
            "what runs are made of; case and punctuation do not count. Characters are for scripts "
            "without spaces")
          .one_of("word|character"),
      field("ngram", &Options::ngram, "units of the longest run that counts; shorter ones do too")
          .in(1, 8),
      field("places", &Options::places,
            "places that runs are hashed to; each takes 4 bytes a fold, 8 while it learns")
          .in(1024, 1 << 28),
      field("folds", &Options::folds,
            "as many regressions, each without one fold of the documents, for which it speaks")
          .in(2, 64),
      field("passes", &Options::passes, "times that each regression reads its texts").in(1, 100),
      field("rate", &Options::rate, "of learning").in(1e-6, 100),
      field("learn", &Options::learn,
            "bytes of good and of raw texts that are learned from, each, at most")
          .in(1, 1e12)};
};

class Regressions final : public Scorer {
 public:
  Regressions(std::vector<Logistic> models, FeatureOptions features, double pareto)
      : models_(std::move(models)), features_(features), pareto_(pareto) {}

  DraftScore score(const Draft& d) const override {
    thread_local std::vector<uint32_t> places;
    features_of(d.text, features_, places);
    const auto fold = size_t(fold_of(d, int64_t(models_.size())));
    DraftScore out{float(models_[fold].chance(places))};
    if (pareto_ > 0) {
      // Lomax's form, as numpy draws it: kept where it exceeds 1 - the probability.
      const double u = Random(d.key, stream_of("curation.pareto")).uniform();
      out.above = float(1 - (std::pow(1 - u, -1 / pareto_) - 1));
    }
    return out;
  }

  Json facts() const override { return {{"folds", models_.size()}}; }

 private:
  std::vector<Logistic> models_;
  FeatureOptions features_;
  double pareto_;
};

// Of so many steps of probability; equal ones count half.
class RocArea {
 public:
  void add(const ScoreList& scores, bool good) {
    std::vector<double>& counts = good ? good_ : raw_;
    scores.each([&](const DraftScore& s) {
      counts[std::min(kSteps - 1, size_t(double(s.value) * double(kSteps)))] += 1;
    });
  }

  // The chance that a good text scores above a raw one; null where there are none of a kind.
  Json area() const {
    double below = 0, sum = 0, goods = 0, raws = 0;
    for (size_t i = 0; i < kSteps; ++i) {
      sum += good_[i] * (below + raw_[i] / 2);
      below += raw_[i];
      goods += good_[i];
      raws += raw_[i];
    }
    return goods > 0 && raws > 0 ? Json(sum / goods / raws) : Json();
  }

 private:
  static constexpr size_t kSteps = 1 << 16;
  std::vector<double> good_ = std::vector<double>(kSteps), raw_ = std::vector<double>(kSteps);
};

ScoringOptions scoring_of(const Options& o, const StepPlace& place) {
  ScoringOptions out = o;
  if (out.keep.empty()) out.keep = o.pareto > 0 ? "0.." : "0.5..";
  if (!out.only.empty()) return out;
  for (const std::string& name : o.raw)
    if (std::ranges::count(place.sources, name) > 0) out.only.push_back(name);
  if (out.only.empty())
    throw OptionError("raw", "none of these is a source of the recipe, so that nobody is judged",
                      "name a source with raw: or only:");
  return out;
}

std::vector<TaughtTexts> all_of(const std::string& option, const std::vector<std::string>& names,
                                const StepPlace& place) {
  std::vector<TaughtTexts> out;
  if (names.empty()) taught_by(option, "", place);  // throws
  for (const std::string& name : names) out.push_back(taught_by(option, name, place));
  return out;
}

class Step final : public ScoringStep {
 public:
  Step(const Options& o, const StepPlace& place)
      : ScoringStep(scoring_of(o, place), place),
        o_(o),
        good_(all_of("good", o.good, place)),
        raw_(all_of("raw", o.raw, place)) {
    std::set<std::string> names;
    for (const auto* list : {&o.good, &o.raw})
      for (const std::string& name : *list)
        if (!names.insert(name).second)
          throw OptionError("raw", str("'", name, "' stands twice in good and raw"),
                            "texts are good or raw");
  }

 private:
  StagedDrafts texts(const StagedDrafts& drafts, const std::string& folder,
                     const Workers& workers) override {
    StagedDrafts all = with_files(drafts, good_, folder, workers);
    return with_files(all, raw_, folder, workers);
  }

  // The streams of one kind, each up to its share of `learn`.
  std::vector<TextStream> streams_of(const StagedDrafts& texts,
                                     const std::vector<TaughtTexts>& of) const {
    double all = 0;
    for (const TaughtTexts& t : of) all += double(TextStream(texts, t.source, INT64_MAX).bytes());
    std::vector<TextStream> out;
    for (const TaughtTexts& t : of) {
      const auto bytes = TextStream(texts, t.source, INT64_MAX).bytes();
      out.emplace_back(
          texts, t.source,
          int64_t(std::ceil(double(bytes) * std::min(1.0, o_.learn / std::max(1.0, all)))));
    }
    return out;
  }

  FeatureOptions features() const { return {o_.ngram, o_.unit == "character", o_.places}; }

  Logistic learn_without(const StagedDrafts& texts, int64_t fold) const {
    std::vector<TextStream> streams = streams_of(texts, good_);
    const size_t goods = streams.size();
    for (TextStream& s : streams_of(texts, raw_)) streams.push_back(std::move(s));
    double documents[2] = {};
    for (size_t i = 0; i < streams.size(); ++i)
      documents[i < goods] += double(streams[i].documents());
    Logistic model(o_.places, o_.rate);
    std::vector<uint32_t> places;
    int64_t learned[2] = {};
    for (int64_t pass = 0; pass < o_.passes; ++pass) {
      for (TextStream& s : streams) s.restart();
      Draft d;
      for (size_t from; (from = next_of(streams, d)) < streams.size();) {
        if (fold_of(d, o_.folds) == fold) continue;
        const bool good = from < goods;
        features_of(d.text, features(), places);
        // Both kinds weigh the same in all.
        model.learn(places, good, (documents[0] + documents[1]) / (2 * documents[good]));
        ++learned[good];
      }
    }
    for (const bool good : {true, false})
      if (learned[good] == 0)
        throw UserError(str("classifier: ", good ? "the good" : "the raw",
                            " texts leave nothing to learn from"),
                        "a regression leaves out one fold of the documents: name more texts");
    return model;
  }

  // The next text of the stream that has given the least share of its own, so that all end
  // together; which it was, or how many there are at the end of all.
  static size_t next_of(std::vector<TextStream>& streams, Draft& d) {
    for (;;) {
      size_t least = streams.size();
      for (size_t i = 0; i < streams.size(); ++i)
        if (!streams[i].ended() &&
            (least == streams.size() || streams[i].progress() < streams[least].progress()))
          least = i;
      if (least == streams.size() || streams[least].next(d)) return least;
    }
  }

  std::unique_ptr<Scorer> learn(const StagedDrafts& texts, const std::string& folder,
                                const Workers& workers) override {
    const auto path = [&](int64_t fold) { return str(folder, "/model-", fold); };
    run_tasks(
        workers, "classifier: learning", o_.folds,
        [&](int64_t fold) { return file_exists(path(fold)); },
        [&](int64_t fold) { learn_without(texts, fold).save(path(fold)); });
    std::vector<Logistic> models;
    for (int64_t fold = 0; fold < o_.folds; ++fold) models.push_back(Logistic::load(path(fold)));
    return std::make_unique<Regressions>(std::move(models), features(), o_.pareto);
  }

  // Every text is scored by a regression that never saw it: the area is that of held-out texts.
  void tell(const std::function<ScoreList(int64_t)>& scores, Json& findings) const override {
    RocArea all;
    for (const TaughtTexts& t : good_) all.add(scores(t.source), true);
    for (const TaughtTexts& t : raw_) {
      RocArea one;
      for (const TaughtTexts& g : good_) one.add(scores(g.source), true);
      one.add(scores(t.source), false);
      all.add(scores(t.source), false);
      findings["sources"][t.name]["roc_area"] = one.area();
    }
    findings["roc_area"] = all.area();
  }

  Options o_;
  std::vector<TaughtTexts> good_, raw_;
};
}  // namespace

extern const CurationKind step_classifier = {
    .name = "classifier",
    .doc =
        "learns to tell good texts from raw ones and drops raw ones that are not like the good; a "
        "document is scored by a regression that did not learn from it",
    .source =
        "Brown et al. 2020, arXiv 2005.14165, appendix A (a logistic regression over hashed words, "
        "and the draw)",
    .attrs = fields_of<Options>,
    .open = [](const Attrs& attrs, const StepPlace& place) -> std::unique_ptr<CurationStep> {
      return std::make_unique<Step>(attrs.as<Options>(), place);
    }};
}  // namespace cambium::step_classifier
