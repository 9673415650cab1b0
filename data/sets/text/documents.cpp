// Documents: next-symbol prediction over a corpus that need not fit in memory. Training windows are
// streamed: one document and one block of windows are held. What is validation and test is a
// function of each document's id alone, so that no document is in two splits.
#include <algorithm>

#include "core/rng.h"
#include "data/corpus/windows.h"

namespace cambium::dataset_documents {
namespace {
struct Documents : CorpusOptions {
  std::string tokenizer;
  int64_t context = 64, shuffle = 1024, held_out = 4096, least = 1;
  double val = 0.05, test = 0.05;
  static constexpr auto fields = std::tuple_cat(
      CorpusOptions::fields,
      std::tuple{
          field("tokenizer", &Documents::tokenizer,
                "a tokenizer of llama2.c (tokenizer.bin); empty: the bytes of the texts"),
          field("context", &Documents::context, "T: symbols in a window").in(1, 1 << 20),
          field("val", &Documents::val, "share of the documents, by a hash of each one's id")
              .in(1e-6, 0.9),
          field("test", &Documents::test, "the same for test").in(1e-6, 0.9),
          field("held_out", &Documents::held_out,
                "most windows of validation and of test, which are held in memory; what is behind "
                "them is not trained on either")
              .in(1, 1 << 20),
          field("shuffle", &Documents::shuffle,
                "training windows that are held in memory and shuffled together; 1: none")
              .in(1, 1 << 20),
          field("least", &Documents::least, "bytes; a shorter text is left out").in(0)});
};

constexpr int64_t kMostHeld = int64_t(1) << 26;  // symbols of a block, and of a held-out split

class DocumentSet final : public Dataset {
 public:
  explicit DocumentSet(const Documents& options)
      : options_(options), vocabulary_(open_vocabulary(options.tokenizer)) {
    check_options();
    try {
      files_ = list_corpus(options);
      count_all();
    } catch (const OptionError&) {
      throw;
    } catch (const UserError& e) {
      throw OptionError("path", e.what(), e.help);
    }
    check_sizes();
  }

  DataShape shape(int64_t batch) const override {
    return {.domain = Domain::kIds,
            .x = {DType::kI32, {batch, options_.context}},
            .target = {DType::kI32, {batch, options_.context}},
            .classes = vocabulary_->size(),
            .causal = true};
  }

  int64_t count(Split split) const override {
    const int64_t T = options_.context;
    if (split == Split::kTrain) return std::max<int64_t>(1, train_ / T - 1);
    return (int64_t(held(split).size()) - 1 + T - 1) / T;
  }

  void read(Split split, std::span<const int64_t> indices, uint64_t epoch_seed,
            Batch& into) const override {
    const int64_t T = options_.context;
    const std::span<int32_t> x = into.x.i32(), target = into.target.i32();
    std::ranges::fill(x, 0);
    std::ranges::fill(target, -1);
    into.examples = int64_t(indices.size());
    if (split == Split::kTrain) return read_streamed(indices, epoch_seed, into);
    const std::vector<int32_t>& all = held(split);
    for (size_t i = 0; i < indices.size(); ++i) {
      const auto from = all.begin() + indices[i] * T;
      const auto n = std::min<int64_t>(T, all.end() - from - 1);
      std::copy_n(from, n, x.begin() + ptrdiff_t(i) * T);
      std::copy_n(from + 1, n, target.begin() + ptrdiff_t(i) * T);
    }
  }

  std::unique_ptr<ExampleStream> stream(uint64_t epoch_seed) const override {
    return std::make_unique<WindowStream>(
        SymbolReader(
            filtered(open_documents(),
                     [this](const Document& d) { return split_of(d.id) == Split::kTrain; }),
            vocabulary_),
        WindowOptions{.context = options_.context,
                      .count = count(Split::kTrain),
                      .block = options_.shuffle,
                      .phase = phase_of(epoch_seed),
                      .seed = epoch_seed});
  }

  // A block of windows and their order, and one document; what it is in may have doubled to hold
  // it.
  int64_t stream_bytes() const override {
    const int64_t windows = std::min(options_.shuffle, count(Split::kTrain));
    return int64_t(sizeof(int32_t)) * windows * (options_.context + 1) + 2 * longest_;
  }

  std::vector<std::pair<std::string, ArgValue>> vars() const override {
    return {{"classes", vocabulary_->size()},
            {"vocab", vocabulary_->size()},
            {"context", options_.context}};
  }

  uint64_t content() const override {
    const Documents& o = options_;  // what cuts and orders the texts
    return joined_hash({content_, hash_text(str(o.val, " ", o.test, " ", o.held_out, " ", o.least,
                                                " ", o.shuffle))});
  }

  std::string describe() const override {
    return str(train_, " train, ", held_[0].size(), " val, ", held_[1].size(), " test ",
               vocabulary_->unit(), " of ", documents_, " documents, ", vocabulary_->size(),
               " symbols, from ", options_.path);
  }

  std::string decode(std::span<const int32_t> ids) const override {
    return vocabulary_->decode(ids);
  }

  std::vector<int32_t> encode(std::string_view text) const override {
    std::vector<int32_t> ids;
    vocabulary_->append_document(text, ids);
    return ids;
  }

 private:
  const std::vector<int32_t>& held(Split split) const {
    return held_[split == Split::kValidation ? 0 : 1];
  }

  std::unique_ptr<DocumentSource> open_documents() const {
    return filtered(open_corpus(options_, files_), [least = options_.least](const Document& d) {
      return int64_t(d.text.size()) >= least;
    });
  }

  Split split_of(const std::string& id) const {
    const double u = double(hash_text(id) >> 11) * 0x1p-53;
    if (u < options_.val) return Split::kValidation;
    return u < options_.val + options_.test ? Split::kTest : Split::kTrain;
  }

  // Reads everything once: the content, and how long each split is.
  void count_all() {
    const int64_t most = options_.held_out * options_.context + 1;
    const auto from = open_documents();
    std::vector<int32_t> symbols;
    for (Document d; from->next(d); ++documents_) {
      content_ = joined_hash({content_, hash_text(d.id), hash_text(d.text)});
      symbols.clear();
      vocabulary_->append_document(d.text, symbols);
      longest_ = std::max(longest_, int64_t(d.text.size() + sizeof(int32_t) * symbols.size()));
      const Split split = split_of(d.id);
      if (split == Split::kTrain) {
        train_ += int64_t(symbols.size());
        continue;
      }
      std::vector<int32_t>& to = held_[split == Split::kValidation ? 0 : 1];
      const int64_t room = std::min(most - int64_t(to.size()), int64_t(symbols.size()));
      to.insert(to.end(), symbols.begin(), symbols.begin() + room);
    }
  }

  void check_options() const {
    if (options_.val + options_.test >= 1)
      throw OptionError(
          "test",
          str("val = ", options_.val, " and test = ", options_.test, " leave nothing to train on"),
          "their sum must be below 1");
    for (const auto& [name, windows] :
         {std::pair("held_out", options_.held_out), std::pair("shuffle", options_.shuffle)})
      if (windows > std::max<int64_t>(1, kMostHeld / options_.context))
        throw OptionError(name,
                          str(name, " = ", windows, " windows of ", options_.context,
                              " symbols are more than the ", kMostHeld, " that may be held"),
                          str("use ", name, ": ",
                              std::max<int64_t>(1, kMostHeld / options_.context), " or less"));
  }

  void check_sizes() const {
    const int64_t T = options_.context;
    if (train_ < T + 1)
      throw OptionError("context",
                        str("context = ", T, " needs at least ", T + 1, " training symbols, ",
                            options_.path, " has ", train_, " in ", documents_, " documents"),
                        "use more documents or a shorter context");
    for (const auto& [name, held] : {std::pair("val", &held_[0]), std::pair("test", &held_[1])})
      if (held->size() < 2)
        throw OptionError(
            name,
            held->empty()
                ? str("none of ", documents_, " documents of ", options_.path, " falls to ", name)
                : str("the documents of ", options_.path, " that fall to ", name, " hold no text"),
            str("use more documents or a larger ", name,
                "; format: paragraphs or lines makes many of one file"));
  }

  int64_t phase_of(uint64_t epoch_seed) const {
    if (epoch_seed == 0) return 0;
    const int64_t room = train_ - count(Split::kTrain) * options_.context;
    return Random(epoch_seed, stream_of("text.phase"))
        .below(uint32_t(std::min(options_.context, room)));
  }

  // One stream up to the last of them, in the order in which they come.
  void read_streamed(std::span<const int64_t> indices, uint64_t epoch_seed, Batch& into) const {
    std::vector<std::pair<int64_t, size_t>> wanted;
    for (size_t i = 0; i < indices.size(); ++i) wanted.emplace_back(indices[i], i);
    std::ranges::sort(wanted);
    Batch one = allocate_batch(shape(1));
    auto from = stream(epoch_seed);
    for (const auto& [index, row] : wanted) {
      if (index >= from->at()) {  // else the same one again
        from->skip(index - from->at());
        from->next(1, one);
      }
      const ptrdiff_t begin = ptrdiff_t(row) * options_.context;
      std::ranges::copy(one.x.i32(), into.x.i32().begin() + begin);
      std::ranges::copy(one.target.i32(), into.target.i32().begin() + begin);
    }
  }

  Documents options_;
  std::shared_ptr<const Vocabulary> vocabulary_;
  std::shared_ptr<const CorpusFiles> files_;
  int64_t longest_ = 0;                // bytes of a document's text and of its symbols
  int64_t documents_ = 0, train_ = 0;  // symbols to train on
  std::vector<int32_t> held_[2];       // symbols of validation and test
  uint64_t content_ = 0;
};
}  // namespace

extern const DatasetKind dataset_documents = {
    .name = "documents",
    .doc =
        "next-symbol prediction over a file or folder of documents, streamed: it need not fit in "
        "memory; each document is in one split",
    .source = "any text files, or jsonl files with a text in each line, of yours",
    .attrs = fields_of<Documents>,
    .primary = "path",
    .open = [](const Attrs& attrs, uint64_t) -> std::unique_ptr<Dataset> {
      return std::make_unique<DocumentSet>(attrs.as<Documents>());
    }};
}  // namespace cambium::dataset_documents
