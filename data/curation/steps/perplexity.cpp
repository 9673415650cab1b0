// Perplexity: how well an n-gram model of some texts foretells each document.
#include <cmath>

#include "core/system/files.h"
#include "data/curation/scoring/byte_ngrams.h"
#include "data/curation/scoring/scoring_step.h"

namespace cambium::step_perplexity {
namespace {
struct Options : ScoringOptions {
  std::string model;
  int64_t order = 5, folds = 4;
  double memory = 192e6, learn = 64e6;

  Options() { keep = "5%..95%"; }

  static constexpr auto fields = std::tuple{
      field("model", &Options::model,
            "the texts that the model learns from: a source of the recipe as it is at this step, "
            "or a file, a folder or a pattern of files"),
      field("order", &Options::order, "bytes of a gram, the one that is foretold among them")
          .in(1, ByteNgrams::kMostOrder),
      field("keep", &Options::keep,
            "what stays: limits in bits per byte, 0.5..3, or percentiles of the documents, "
            "5%..95%"),
      field("of", &Options::of, "whose documents percentiles count: each source's own, or all")
          .one_of("source|all"),
      field("only", &Options::only,
            "sources that are judged; documents of others stay. None: all are judged"),
      field("folds", &Options::folds,
            "where the model is a source of the recipe: as many models, each without one fold of "
            "the documents, for which it speaks")
          .in(2, 64),
      field("memory", &Options::memory,
            "bytes for all models together; rare grams are forgotten when it is full")
          .in(double(ByteNgrams::kLeastMemory), 1e12),
      field("learn", &Options::learn, "bytes of texts that each model learns from, at most")
          .in(1, 1e12)};
};

class Models final : public Scorer {
 public:
  explicit Models(std::vector<ByteNgrams> models) : models_(std::move(models)) {}

  DraftScore score(const Draft& d) const override {
    if (d.text.empty()) return {8};  // that of a text of which nothing is known
    const auto fold = size_t(fold_of(d, int64_t(models_.size())));
    return {float(models_[fold].bits(d.text) / double(d.text.size()))};
  }

  Json facts() const override {
    Json all = Json::array();
    for (const ByteNgrams& m : models_)
      all.push_back({{"bytes", m.bytes()},
                     {"order", m.order()},
                     {"grams", m.grams()},
                     {"forgotten", m.forgotten()}});
    return {{"models", all}};
  }

 private:
  std::vector<ByteNgrams> models_;
};

class Step final : public ScoringStep {
 public:
  Step(const Options& o, const StepPlace& place)
      : ScoringStep(o, place), o_(o), model_(taught_by("model", o.model, place)) {
    if (memory_of_one() < ByteNgrams::kLeastMemory)
      throw OptionError("memory", str(o.memory, " bytes for ", count(), " models are too few"),
                        str("give ", count() * ByteNgrams::kLeastMemory, ", or fewer folds"));
  }

 private:
  int64_t count() const { return model_.files() ? 1 : o_.folds; }

  int64_t memory_of_one() const { return int64_t(o_.memory) / count(); }

  StagedDrafts texts(const StagedDrafts& drafts, const std::string& folder,
                     const Workers& workers) override {
    std::vector<TaughtTexts> of = {model_};
    StagedDrafts all = with_files(drafts, of, folder, workers);
    taught_ = of[0].source;
    return all;
  }

  std::unique_ptr<Scorer> learn(const StagedDrafts& texts, const std::string& folder,
                                const Workers& workers) override {
    const auto path = [&](int64_t fold) { return str(folder, "/model-", fold); };
    run_tasks(
        workers, "perplexity: learning", count(),
        [&](int64_t fold) { return file_exists(path(fold)); },
        [&](int64_t fold) { learn_without(texts, fold).save(path(fold)); });
    std::vector<ByteNgrams> models;
    for (int64_t fold = 0; fold < count(); ++fold) models.push_back(ByteNgrams::load(path(fold)));
    return std::make_unique<Models>(std::move(models));
  }

  // Of all but one fold; of all, where there is one model.
  ByteNgrams learn_without(const StagedDrafts& texts, int64_t fold) const {
    const bool one = count() == 1;
    ByteNgrams model(o_.order, memory_of_one());
    // So much of the source that `learn` is left without a fold of it.
    const double most = one ? o_.learn : o_.learn * double(count()) / double(count() - 1);
    TextStream stream(texts, taught_, int64_t(most));
    for (Draft d; stream.next(d);)
      if (one || fold_of(d, count()) != fold) model.learn(d.text);
    if (model.bytes() == 0)
      throw UserError(str("perplexity: '", o_.model, "' leaves nothing to learn from"),
                      one ? "name other texts with `model`"
                          : "a model leaves out one fold of the documents: name a source of more, "
                            "or files of their own, with `model`");
    model.finish();
    return model;
  }

  void tell_of(Json& source) const override {
    source["perplexity"] = std::exp2(source["mean"].get<double>());
  }

  Options o_;
  TaughtTexts model_;
  int64_t taught_ = 0;
};
}  // namespace

extern const CurationKind step_perplexity = {
    .name = "perplexity",
    .doc =
        "drops texts that an n-gram model of bytes foretells too badly or too well, in bits per "
        "byte; a document is scored by a model that did not learn from it",
    .source =
        "interpolated modified Kneser-Ney: Chen and Goodman 1999; as a filter: Wenzek et al. 2020, "
        "arXiv 1911.00359",
    .attrs = fields_of<Options>,
    .primary = "model",
    .open = [](const Attrs& attrs, const StepPlace& place) -> std::unique_ptr<CurationStep> {
      return std::make_unique<Step>(attrs.as<Options>(), place);
    }};
}  // namespace cambium::step_perplexity
