// Corpus: next-symbol prediction over a corpus that `cambium data build` made. Training windows are
// streamed from its shards, of several sources by their weights; nothing is held but a block.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/rng.h"
#include "core/text/suggest.h"
#include "data/assembly/manifest.h"
#include "data/corpus/symbol_counts.h"
#include "data/corpus/windowed_data.h"
#include "data/mixture.h"
#include "data/slices.h"

namespace cambium::dataset_corpus {
namespace {
struct Options {
  std::string path, tokenizer;
  int64_t context = 64, shuffle = 1024, held_out = 4096;
  std::vector<std::string> mixture;
  double temperature = 1, most_epochs = 0;
  static constexpr auto fields = std::tuple{
      field("path", &Options::path, "the corpus's folder"),
      field("tokenizer", &Options::tokenizer,
            "the file of a tokenizer: a tokenizer.json, ranks of tiktoken, or a tokenizer.bin of "
            "llama2.c; empty: the bytes of the texts"),
      field("context", &Options::context, "T: symbols in a window").in(1, 1 << 20),
      field("mixture", &Options::mixture,
            "a map of sources and their shares of the training windows, {docs: 0.6, books: 0.4}; "
            "those that are not named are not read. Empty: as many as each holds"),
      field(
          "temperature", &Options::temperature,
          "without a mixture: shares as the sizes to the power of its inverse; 1: as many as each "
          "holds, larger: nearer to equal shares")
          .in(1, 1e9),
      field("most_epochs", &Options::most_epochs,
            "times that a training may read a source; a longer one is refused. 0: no limit")
          .in(0),
      field("held_out", &Options::held_out,
            "most windows of validation and of test, which are held in memory; 0: none, where "
            "evaluate: judges")
          .in(0, 1 << 20),
      field("shuffle", &Options::shuffle,
            "training windows that are held in memory and shuffled together; 1: none")
          .in(1, 1 << 20)};
};

struct Source {
  std::string name;
  std::vector<std::string> shards[3];  // paths, by split
  int64_t symbols = 0;                 // to train on
  double share = 0;                    // of the training windows
};

class CorpusData final : public WindowedData, public Sliced, public Mixed {
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
      if (s.share > 0) train_ += s.symbols;
    readers_ = std::ranges::count_if(sources_, [](const Source& s) { return s.share > 0; });
    longest_ = counts_.longest;
    if (options.held_out > 0)
      for (const Split split : {Split::kValidation, Split::kTest}) hold(split);
    check_sizes(options.path, counts_.documents,
                "split: {val: 1%, test: 1%} in its recipe, or held_out: 0 where evaluate: judges",
                options.held_out > 0);
  }

  std::unique_ptr<ExampleStream> stream(uint64_t epoch_seed) const override {
    if (train_ == 0) return nullptr;
    std::vector<SymbolReader> readers;
    WindowOptions windows{.context = context_,
                          .count = count(Split::kTrain),
                          .block = block_,
                          .phase = phase_of(epoch_seed),
                          .seed = epoch_seed};
    for (const Source& s : sources_) {
      if (s.share == 0) continue;
      const uint64_t seed = epoch_seed == 0 ? 0 : joined_hash({epoch_seed, hash_text(s.name)});
      readers.emplace_back(open_endless(s.shards[0], kShards, seed), vocabulary_);
      windows.weights.push_back(s.share);
    }
    return std::make_unique<WindowStream>(std::move(readers), windows);
  }

  std::vector<MixedSource> mixture(int64_t examples) const override {
    std::vector<MixedSource> out;
    for (const Source& s : sources_) {
      const double read = double(examples) * s.share * double(context_);
      out.push_back({s.name, s.symbols, s.share, s.symbols > 0 ? read / double(s.symbols) : 0});
    }
    return out;
  }

  std::string objection(int64_t examples) const override {
    for (const MixedSource& s : mixture(examples))
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
    for (const Source& s : sources_) shares += str(s.name, "=", s.share, " ");
    return joined_hash({manifest_.content(),
                        hash_text(str("windows of one source ", o.held_out, " ", o.shuffle)),
                        hash_text(shares)});
  }

  std::string describe() const override {
    std::string mixture;
    for (const Source& s : sources_)
      mixture +=
          str(mixture.empty() ? "" : ", ", s.name, " ", std::round(1000 * s.share) / 10, "%");
    return str(train_, " train, ", held_[0].size(), " val, ", held_[1].size(), " test ",
               vocabulary_->unit(), " of ", counts_.documents, " documents (", mixture, "), from ",
               options_.path);
  }

 private:
  // What shards hold.
  static inline const CorpusOptions kShards = {.format = "jsonl", .id = "id"};

  static Manifest load(const std::string& folder) {
    if (folder.empty())
      throw OptionError("path", "no corpus is named",
                        "build one with `cambium data build` and name its folder");
    try {
      return load_manifest(folder);
    } catch (const UserError& e) {
      throw OptionError("path", e.what(), e.help);
    }
  }

  void list_sources() {
    counts_ = count_symbols(options_.path, manifest_, *vocabulary_);
    for (const CorpusShard& shard : manifest_.shards) {
      auto s = std::ranges::find(sources_, shard.source, &Source::name);
      if (s == sources_.end()) s = sources_.insert(s, Source{.name = shard.source});
      s->shards[size_t(shard.split)].push_back(str(options_.path, "/", shard.file));
    }
    for (Source& s : sources_) s.symbols = counts_.train[s.name];
  }

  bool only_judges() const {
    return std::ranges::all_of(sources_, [](const Source& s) { return s.symbols == 0; });
  }

  void set_shares() {
    if (!options_.mixture.empty() && options_.temperature != 1)
      throw OptionError("temperature", "mixture and temperature both say the shares",
                        "leave one of them out");
    for (const std::string& entry : options_.mixture) set_share(entry);
    if (options_.mixture.empty())
      for (Source& s : sources_)
        if (s.symbols > 0) s.share = std::pow(double(s.symbols), 1 / options_.temperature);
    if (options_.mixture.empty() && only_judges()) return;
    double sum = 0;
    for (const Source& s : sources_) sum += s.share;
    if (sum <= 0) throw OptionError("mixture", "no source has a share", "give one a share above 0");
    for (Source& s : sources_) s.share /= sum;
  }

  // "docs=0.6"
  void set_share(const std::string& entry) {
    const size_t equals = entry.find('=');
    const std::string name = entry.substr(0, equals);
    double share = -1;
    if (equals != entry.npos)
      std::from_chars(entry.data() + equals + 1, entry.data() + entry.size(), share);
    const auto s = std::ranges::find(sources_, name, &Source::name);
    if (s == sources_.end()) {
      std::vector<std::string> names;
      for (const Source& known : sources_) names.push_back(known.name);
      throw OptionError("mixture", str("the corpus has no source '", name, "'"),
                        suggestion(name, names));
    }
    if (!(share >= 0) || share > 1e9)
      throw OptionError("mixture", str("the share of '", name, "' is no number from 0 on"),
                        "write mixture: {docs: 0.6, books: 0.4}");
    if (s->symbols == 0 && share > 0)
      throw OptionError("mixture", str("source '", name, "' has nothing to train on"));
    s->share = share;
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
      if (!paths.empty()) {
        const auto documents = open_corpus(kShards, list_of(paths, kShards));
        for (Document d; to.size() - before < room && documents->next(d);)
          vocabulary_->append_document(d.text, to);
        to.resize(std::min(to.size(), before + room));
      }
      pieces.push_back(int64_t(to.size() - before));
    }
    cut(split, pieces);
  }

  Options options_;
  Manifest manifest_;
  SymbolCounts counts_;
  std::vector<Source> sources_;
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
    .maps = "mixture",
    .open = [](const Attrs& attrs, uint64_t) -> std::unique_ptr<Dataset> {
      return std::make_unique<CorpusData>(attrs.as<Options>());
    }};
}  // namespace cambium::dataset_corpus
