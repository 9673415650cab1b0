// Documents: next-symbol prediction over a corpus that need not fit in memory. Training windows are
// streamed: one document and one block of windows are held. What is validation and test is a
// function of each document's id alone, so that no document is in two splits.
#include <algorithm>
#include <array>

#include "core/rng.h"
#include "data/corpus/windowed_data.h"

namespace cambium::dataset_documents {
namespace {
struct Documents : CorpusOptions {
  std::string tokenizer;
  int64_t context = 64, shuffle = 1024, held_out = 4096, least = 1;
  double val = 0.05, test = 0.05;
  static constexpr auto fields = std::tuple_cat(
      CorpusOptions::fields,
      std::tuple{
          field(
              "tokenizer", &Documents::tokenizer,
              "the file of a tokenizer: a tokenizer.json, ranks of tiktoken, or a tokenizer.bin of "
              "llama2.c; empty: the bytes of the texts"),
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

class DocumentSet final : public WindowedData {
 public:
  explicit DocumentSet(const Documents& options)
      : WindowedData(options.context, options.shuffle, open_vocabulary(options.tokenizer)),
        options_(options) {
    check_options();
    try {
      files_ = list_corpus(options);
      count_all();
    } catch (const OptionError&) {
      throw;
    } catch (const UserError& e) {
      throw OptionError("path", e.what(), e.help);
    }
    check_sizes(options.path, documents_, "format: paragraphs or lines makes many of one file");
  }

  std::unique_ptr<ExampleStream> stream(uint64_t epoch_seed) const override {
    std::vector<SymbolReader> readers;
    readers.emplace_back(
        filtered(open_documents(),
                 [this](const Document& d) { return split_of(d.id) == Split::kTrain; }),
        vocabulary_);
    return std::make_unique<WindowStream>(std::move(readers),
                                          WindowOptions{.context = options_.context,
                                                        .count = count(Split::kTrain),
                                                        .block = options_.shuffle,
                                                        .phase = phase_of(epoch_seed),
                                                        .seed = epoch_seed});
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

 private:
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
      std::vector<int32_t>& to = held_[place(split)];
      const int64_t room = std::min(most - int64_t(to.size()), int64_t(symbols.size()));
      to.insert(to.end(), symbols.begin(), symbols.begin() + room);
    }
    for (const Split split : {Split::kValidation, Split::kTest})
      cut(split, std::array{int64_t(held_[place(split)].size())});
  }

  void check_options() const {
    if (options_.val + options_.test >= 1)
      throw OptionError(
          "test",
          str("val = ", options_.val, " and test = ", options_.test, " leave nothing to train on"),
          "their sum must be below 1");
    check_held("held_out", options_.held_out);
    check_held("shuffle", options_.shuffle);
  }

  Documents options_;
  std::shared_ptr<const CorpusFiles> files_;
  int64_t documents_ = 0;
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
