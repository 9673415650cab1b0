// Corpus: next-symbol prediction over a corpus that `cambium data build` made. Training windows are
// streamed from its shards, of several sources by their weights; nothing is held but a block.
#include <algorithm>
#include <cmath>

#include "core/rng.h"
#include "core/text/json.h"
#include "data/assembly/verify.h"
#include "data/corpus/corpus_set_options.h"
#include "data/corpus/stages.h"
#include "data/corpus/symbol_counts.h"
#include "data/corpus/windowed_data.h"
#include "data/held_documents.h"
#include "data/mixture.h"
#include "data/slices.h"

namespace cambium::dataset_corpus {
namespace {
using Options = CorpusSetOptions;

struct Source {
  std::string name;
  std::vector<std::string> shards[3];  // paths, by split
  int64_t symbols = 0;                 // to train on
  int64_t windows = 0;                 // the same, where each is of one document
  bool read = false;                   // whether any stage does
  double weight = 1;                   // of a symbol in the training loss
};

class CorpusData final : public WindowedData, public Sliced, public Mixed, public HoldsDocuments {
 public:
  explicit CorpusData(const Options& options)
      : WindowedData(options.context, options.shuffle, open_vocabulary(options.tokenizer)),
        options_(options),
        manifest_(load(options.path)) {
    check_held("held_out", options.held_out);
    check_held("shuffle", options.shuffle);
    list_sources();
    set_shares();
    for (const Source& s : sources_)
      if (s.read) {
        train_ += s.symbols;
        apart_ += s.windows;
      }
    readers_ = std::ranges::count_if(sources_, &Source::read);
    longest_ = counts_.longest;
    if (options.held_out > 0)
      for (const Split split : {Split::kValidation, Split::kTest}) hold(split);
    check_sizes(options.path, counts_.documents,
                "split: {val: 1%, test: 1%} in its recipe, or held_out: 0 where evaluate: judges",
                options.held_out > 0);
  }

  std::unique_ptr<ExampleStream> stream(uint64_t epoch_seed) const override {
    return stream_at({.seed = epoch_seed});
  }

  std::unique_ptr<ExampleStream> stream_at(const EpochPlace& place) const override {
    if (train_ == 0) return nullptr;
    std::vector<SymbolReader> readers;
    WindowOptions windows{.context = context_,
                          .count = count(Split::kTrain),
                          .block = block_,
                          .phase = phase_of(place.seed),
                          .seed = place.seed,
                          .apart = apart()};
    std::vector<size_t> of_reader;
    for (size_t i = 0; i < sources_.size(); ++i) {
      const Source& s = sources_[i];
      if (!s.read) continue;
      const uint64_t seed = place.seed == 0 ? 0 : joined_hash({place.seed, hash_text(s.name)});
      readers.emplace_back(open_endless(s.shards[0], kShards, seed), vocabulary_);
      of_reader.push_back(i);
      if (!group_weights_.empty()) windows.groups.push_back(int32_t(i));
    }
    windows.shares = turns_at(place, of_reader);
    return std::make_unique<WindowStream>(std::move(readers), windows);
  }

  void each_document(Split split,
                     const std::function<void(const HeldDocument&)>& f) const override {
    for (size_t k = 0; k < sources_.size(); ++k) {
      const auto& paths = sources_[k].shards[size_t(split)];
      int64_t left = documents_[place(split)].empty() ? 0 : documents_[place(split)][k];
      if (left == 0) continue;
      CorpusOptions with_meta = kShards;
      with_meta.meta = {{"meta", "meta"}};
      const auto documents = open_corpus(with_meta, list_of(paths, with_meta));
      for (Document d; left > 0 && documents->next(d); --left) {
        const Json meta = d.meta.empty() ? Json::object() : Json::parse(d.meta);
        f({sources_[k].name, d.id, meta.contains("meta") ? to_text(meta["meta"]) : "", d.text});
      }
    }
  }

  void documents_of(Split split, int64_t example, std::span<int32_t> to) const override {
    const std::vector<int64_t>& begins = begins_[place(split)];
    int64_t at = windows_[place(split)][size_t(example)].begin;
    for (int32_t& document : to)
      document = int32_t(std::ranges::upper_bound(begins, ++at) - begins.begin()) - 1;
  }

  std::vector<MixedSource> mixture(int64_t examples, int64_t of) const override {
    const std::vector<double> shares = mean_shares(stages_, double(examples), double(of));
    std::vector<MixedSource> out;
    for (size_t i = 0; i < sources_.size(); ++i) {
      const Source& s = sources_[i];
      const double read = double(examples) * shares[i] * (apart() ? 1 : double(context_));
      const int64_t size = apart() ? s.windows : s.symbols;
      out.push_back({s.name, s.symbols, shares[i], size > 0 ? read / double(size) : 0, s.weight});
    }
    return out;
  }

  bool knows_end() const override { return stages_.size() > 1 && stages_.front().until.is_share; }

  std::string objection(int64_t examples) const override {
    for (const MixedSource& s : mixture(examples, examples))
      if (options_.most_epochs > 0 && s.passes > options_.most_epochs)
        return str("source '", s.name, "' of ", s.symbols, " ", vocabulary_->unit(),
                   " would be read ", std::round(s.passes * 100) / 100,
                   " times, and most_epochs is ", options_.most_epochs);
    return {};
  }

  Slicing slicing(Split split) const override {
    if (split == Split::kTrain) return {};
    Slicing s{.by = "source", .names = {}};
    std::vector<int32_t> place_of(sources_.size(), -1);
    for (const Held& w : windows_[place(split)]) {
      int32_t& k = place_of[size_t(w.piece)];
      if (k < 0) {
        k = int32_t(s.names.size());
        s.names.push_back(sources_[size_t(w.piece)].name);
      }
      s.of.push_back(k);
    }
    return s;
  }

  uint64_t content() const override {
    const Options& o = options_;
    std::string shares;
    for (const MixtureStage& stage : stages_)
      for (size_t i = 0; i < sources_.size(); ++i)
        shares += str(sources_[i].name, "=", stage.shares[i], " ", sources_[i].weight, " ",
                      stage.until.value, stage.until.is_share, " ");
    return joined_hash({manifest_.content(),
                        hash_text(str("windows of one source ", o.held_out, " ", o.shuffle,
                                      apart() ? " apart" : "")),
                        hash_text(shares)});
  }

  std::string describe() const override {
    return str(train_, " train, ", held_[0].size(), " val, ", held_[1].size(), " test ",
               vocabulary_->unit(), " of ", counts_.documents, " documents (",
               stages_text(stages_, names_), "), from ", options_.path);
  }

 private:
  // What shards hold.
  static inline const CorpusOptions kShards = {.format = "jsonl", .id = "id"};

  bool apart() const { return options_.documents == "apart"; }

  static Manifest load(const std::string& folder) {
    if (folder.empty())
      throw OptionError("path", "no corpus is named",
                        "build one with `cambium data build` and name its folder");
    try {
      Manifest m = load_manifest(folder);
      require_shards(folder, m);
      return m;
    } catch (const UserError& e) {
      throw OptionError("path", e.what(), e.help);
    }
  }

  void list_sources() {
    counts_ = count_symbols(options_.path, manifest_, *vocabulary_, apart() ? context_ : 0);
    for (const CorpusShard& shard : manifest_.shards) {
      auto s = std::ranges::find(sources_, shard.source, &Source::name);
      if (s == sources_.end()) s = sources_.insert(s, Source{.name = shard.source});
      s->shards[size_t(shard.split)].push_back(str(options_.path, "/", shard.file));
    }
    for (Source& s : sources_) {
      s.symbols = counts_.train[s.name];
      s.windows = counts_.windows[s.name];
    }
  }

  bool only_judges() const {
    return std::ranges::all_of(sources_, [](const Source& s) { return s.symbols == 0; });
  }

  void set_shares() {
    if (!options_.mixture.empty() && options_.temperature != 1)
      throw OptionError("temperature", "mixture and temperature both say the shares",
                        "leave one of them out");
    std::vector<int64_t> sizes;
    for (const Source& s : sources_) {
      names_.push_back(s.name);
      sizes.push_back(apart() ? s.windows : s.symbols);
    }
    stages_ = options_.mixture.empty() ? stages_by_size(sizes, options_.temperature)
                                       : parse_stages(options_.mixture, names_, sizes);
    const std::vector<double> weights = numbers_by_source("weights", options_.weights, names_, 1);
    for (size_t i = 0; i < sources_.size(); ++i) {
      sources_[i].weight = weights[i];
      for (const MixtureStage& stage : stages_) sources_[i].read |= stage.shares[i] > 0;
    }
    set_weights(weights);
  }

  void set_weights(const std::vector<double>& weights) {
    double learnt = 0;
    for (const Source& s : sources_) learnt += s.read ? s.weight : 0;
    if (std::ranges::any_of(sources_, &Source::read) && learnt == 0)
      throw OptionError("weights", "all that is read counts as nothing, so nothing would be learnt",
                        "give one of the sources a weight above 0");
    if (std::ranges::any_of(weights, [](double w) { return w != 1; })) group_weights_ = weights;
  }

  // The stages as windows of the epoch, with the shares of those sources.
  std::vector<TurnShares> turns_at(const EpochPlace& place,
                                   const std::vector<size_t>& sources) const {
    const auto total = double(place.total > 0 ? place.total : count(Split::kTrain));
    std::vector<TurnShares> turns;
    for (const MixtureStage& stage : stages_) {
      TurnShares now;
      const double end = stage.until.examples(total) - double(place.first);
      if (end < 0x1p62) now.end = int64_t(std::max(0.0, std::ceil(end)));
      for (const size_t i : sources) now.weights.push_back(stage.shares[i]);
      turns.push_back(std::move(now));
    }
    return turns;
  }

  // Documents of all sources, as many symbols of each as it has of all; each has windows of its
  // own.
  void hold(Split split) {
    std::vector<int32_t>& to = held_[place(split)];
    std::vector<int64_t> pieces;
    int64_t all = 0;
    for (const CorpusShard& s : manifest_.shards)
      if (s.split == split) all += s.text_bytes;
    for (const Source& source : sources_) {
      int64_t mine = 0;
      for (const CorpusShard& s : manifest_.shards)
        if (s.split == split && s.source == source.name) mine += s.text_bytes;
      const double windows = double(options_.held_out) * double(mine) / std::max(1.0, double(all));
      const auto room = size_t(std::max(1.0, windows)) * size_t(context_) + 1;
      const auto& paths = source.shards[size_t(split)];
      const size_t before = to.size();
      documents_[place(split)].push_back(0);
      if (!paths.empty()) {
        const auto documents = open_corpus(kShards, list_of(paths, kShards));
        for (Document d; to.size() - before < room && documents->next(d);) {
          begins_[place(split)].push_back(int64_t(to.size()));
          ++documents_[place(split)].back();
          vocabulary_->append_document(d.text, to);
        }
        to.resize(std::min(to.size(), before + room));
      }
      pieces.push_back(int64_t(to.size() - before));
    }
    cut(split, pieces,
        apart() ? std::span<const int64_t>(begins_[place(split)]) : std::span<const int64_t>());
  }

  Options options_;
  Manifest manifest_;
  SymbolCounts counts_;
  std::vector<Source> sources_;
  std::vector<std::string> names_;  // of the sources
  std::vector<MixtureStage> stages_;
  std::vector<int64_t> begins_[2];     // of the documents that are held, among their symbols
  std::vector<int64_t> documents_[2];  // how many of each source
};
}  // namespace

extern const DatasetKind dataset_corpus = {
    .name = "corpus",
    .doc =
        "next-symbol prediction over a corpus of `cambium data build`, streamed from its shards; "
        "sources are mixed by their shares",
    .source = "a folder that `cambium data build` made",
    .attrs = fields_of<Options>,
    .primary = "path",
    .maps = "mixture weights",
    .open = [](const Attrs& attrs, uint64_t) -> std::unique_ptr<Dataset> {
      return std::make_unique<CorpusData>(attrs.as<Options>());
    }};
}  // namespace cambium::dataset_corpus
