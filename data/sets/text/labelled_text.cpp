// Labelled text: name the class of a text, from files with a label and a text a row (AG News, TREC,
// SST and their like). The vocabulary is counted on the training part alone; 0 pads texts at their
// end, 1 stands for words that are not in it. `pool` leaves the padding out.
#include <algorithm>
#include <charconv>
#include <map>

#include "core/rng.h"
#include "core/system/files.h"
#include "data/dataset.h"
#include "data/held_documents.h"
#include "data/text/labelled_rows.h"
#include "data/text/token_names.h"

namespace cambium::dataset_labelled_text {
namespace {
struct LabelledText {
  std::string path, val, test, format = "auto";
  int64_t context = 64, vocab = 20'000, least = 1;
  double val_share = 0.1, test_share = 0.1;
  bool lower = true;

  static constexpr auto fields = std::tuple{
      field("path", &LabelledText::path, "file of the training rows"),
      field("val", &LabelledText::val,
            "file of the validation rows; empty: part of the training's"),
      field("test", &LabelledText::test, "file of the test rows; empty: part of the training's"),
      field("format", &LabelledText::format,
            "label, then text: behind a space, a tab, or as CSV; auto: by the file's name")
          .one_of("auto|space|tsv|csv"),
      field("context", &LabelledText::context, "T: words of a text that are kept").in(1, 1 << 16),
      field("vocab", &LabelledText::vocab, "most words, the most frequent ones; 0: all").in(0),
      field("least", &LabelledText::least, "a rarer word of the training part is unknown").in(1),
      field("val_share", &LabelledText::val_share, "of rows, drawn by the seed, without a val file")
          .in(0.001, 0.9),
      field("test_share", &LabelledText::test_share, "the same for test").in(0.001, 0.9),
      field("lower", &LabelledText::lower, "capital letters A to Z become small ones")};
};

constexpr int32_t kPadding = 0, kUnknown = 1;

std::vector<LabelledRow> read_rows(const LabelledText& a, const std::string& option,
                                   const std::string& path) {
  try {
    if (path.empty()) throw UserError("no file is given");
    require(file_exists(path), path, ": no such file");
    const RowFormat format = a.format == "auto"    ? format_of(path)
                             : a.format == "space" ? RowFormat::kSpace
                             : a.format == "tsv"   ? RowFormat::kTsv
                                                   : RowFormat::kCsv;
    auto rows = parse_rows(read_file(path), format, path);
    require(!rows.empty(), path, ": no row in it");
    return rows;
  } catch (const UserError& e) {
    throw OptionError(option, e.what(),
                      "a row is a label and a text: see `cambium explain labelled_text`");
  }
}

// Whole numbers by value, then everything else by its letters.
struct LabelOrder {
  bool operator()(const std::string& a, const std::string& b) const {
    const auto number = [](const std::string& s) -> std::pair<bool, int64_t> {
      int64_t value = 0;
      const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
      return {error != std::errc() || end != s.data() + s.size(), value};
    };
    const auto x = number(a), y = number(b);
    return x.first || y.first || x.second == y.second ? std::tie(x.first, a) < std::tie(y.first, b)
                                                      : x.second < y.second;
  }
};

class LabelledTextSet final : public Dataset, public NamesClasses, public NamesTokens {
 public:
  LabelledTextSet(const LabelledText& a, uint64_t seed) : options_(a) {
    std::vector<LabelledRow> rows[3];
    rows[0] = read_rows(a, "path", a.path);
    if (!a.val.empty()) rows[1] = read_rows(a, "val", a.val);
    if (!a.test.empty()) rows[2] = read_rows(a, "test", a.test);
    carve(rows, seed);
    count_labels(rows[0]);
    count_words(rows[0]);
    for (int s = 0; s < 3; ++s) encode_rows(rows[s], s);
  }

  DataShape shape(int64_t batch) const override {
    return {.domain = Domain::kIds,
            .x = {DType::kI32, {batch, options_.context}},
            .target = {DType::kI32, {batch}},
            .classes = int64_t(labels_.size()),
            .masked = true};
  }

  int64_t count(Split split) const override { return int64_t(target_[size_t(split)].size()); }

  void read(Split split, std::span<const int64_t> indices, uint64_t, Batch& into) const override {
    const size_t T = size_t(options_.context);
    const std::span<int32_t> x = into.x.i32();
    std::ranges::fill(x, kPadding);
    std::ranges::fill(into.target.i32(), -1);
    std::ranges::fill(into.mask.f32(), 0.0f);
    for (size_t i = 0; i < indices.size(); ++i) {
      const std::vector<int32_t>& text = texts_[size_t(split)][size_t(indices[i])];
      std::ranges::copy(text, x.begin() + long(i * T));
      std::ranges::fill(into.mask.f32().subspan(i * T, text.size()), 1.0f);
      into.target.i32()[i] = target_[size_t(split)][size_t(indices[i])];
    }
    into.examples = int64_t(indices.size());
  }

  std::vector<std::pair<std::string, ArgValue>> vars() const override {
    return {{"classes", int64_t(labels_.size())},
            {"vocab", int64_t(words_.size()) + 2},
            {"context", options_.context}};
  }

  uint64_t content() const override {
    uint64_t hash = 0;
    for (const auto& [label, number] : labels_) hash = joined_hash({hash, hash_text(label)});
    for (const auto& [word, number] : words_)
      hash = joined_hash({hash, hash_text(word), uint64_t(number)});
    for (size_t s = 0; s < 3; ++s) {
      hash = joined_hash({hash, hash_of(target_[s])});
      for (const std::vector<int32_t>& text : texts_[s]) hash = joined_hash({hash, hash_of(text)});
    }
    return hash;
  }

  std::vector<std::string> class_names() const override {
    std::vector<std::string> names;
    for (const auto& [label, number] : labels_) names.push_back(label);
    return names;
  }

  std::string token_name(int32_t id) const override {
    if (id == kPadding) return "[PAD]";
    if (id == kUnknown) return "[UNK]";
    return *spelt_[size_t(id) - 2];
  }

  std::string describe() const override {
    return str(count(Split::kTrain), " train, ", count(Split::kValidation), " val, ",
               count(Split::kTest), " test texts in ", labels_.size(), " classes, ", words_.size(),
               " words, from ", options_.path);
  }

 private:
  // Moves rows of training, drawn by the seed, to the parts that have no file.
  void carve(std::vector<LabelledRow> (&rows)[3], uint64_t seed) {
    const double all = double(rows[0].size());
    Random(seed, stream_of("labelled_text.split")).shuffle(std::span(rows[0]));
    for (const auto& [part, share] :
         {std::pair{1, options_.val_share}, std::pair{2, options_.test_share}}) {
      if (!rows[part].empty()) continue;
      const size_t n = size_t(std::max(1.0, all * share));
      if (n >= rows[0].size())
        throw OptionError(part == 1 ? "val_share" : "test_share",
                          str(options_.path, ": ", all, " rows are too few to set parts aside"),
                          "use a smaller share, or give files for val and test");
      rows[part].assign(std::make_move_iterator(rows[0].end() - long(n)),
                        std::make_move_iterator(rows[0].end()));
      rows[0].resize(rows[0].size() - n);
    }
  }

  void count_labels(const std::vector<LabelledRow>& train) {
    for (const LabelledRow& row : train) labels_[row.label] = 0;
    if (labels_.size() < 2)
      throw OptionError(
          "path", str(options_.path, ": every row has the label '", train.front().label, "'"));
    int32_t next = 0;
    for (auto& [label, number] : labels_) number = next++;
  }

  void count_words(const std::vector<LabelledRow>& train) {
    std::map<std::string, int64_t> counts;
    for (const LabelledRow& row : train)
      for (std::string& word : words_of(row.text, options_.lower)) ++counts[std::move(word)];
    std::vector<std::pair<int64_t, std::string>> order;
    for (const auto& [word, n] : counts)
      if (n >= options_.least) order.emplace_back(-n, word);
    std::ranges::sort(order);
    if (options_.vocab > 0 && int64_t(order.size()) > options_.vocab)
      order.resize(size_t(options_.vocab));
    for (const auto& [n, word] : order)
      spelt_.push_back(&words_.emplace(word, int32_t(words_.size()) + 2).first->first);
  }

  void encode_rows(const std::vector<LabelledRow>& rows, int split) {
    for (const LabelledRow& row : rows) {
      const auto label = labels_.find(row.label);
      if (label == labels_.end())
        throw OptionError(split == 1 ? "val" : "test",
                          str("line ", row.line, ": the label '", row.label,
                              "' does not occur in the training part"));
      target_[split].push_back(label->second);
      std::vector<int32_t>& text = texts_[split].emplace_back();
      for (const std::string& word : words_of(row.text, options_.lower)) {
        if (int64_t(text.size()) == options_.context) break;
        const auto known = words_.find(word);
        text.push_back(known == words_.end() ? kUnknown : known->second);
      }
    }
  }

  LabelledText options_;
  std::map<std::string, int32_t, LabelOrder> labels_;
  std::map<std::string, int32_t, std::less<>> words_;
  std::vector<const std::string*> spelt_;       // of words_, by id - 2
  std::vector<std::vector<int32_t>> texts_[3];  // by Split
  std::vector<int32_t> target_[3];
};
}  // namespace

extern const DatasetKind dataset_labelled_text = {
    .name = "labelled_text",
    .doc = "texts with a class each, from files with a label and a text a row (AG News, TREC, SST)",
    .source =
        "Zhang, Zhao and LeCun 2015, Character-level convolutional networks, arXiv 1509.01626",
    .attrs = fields_of<LabelledText>,
    .primary = "path",
    .open = [](const Attrs& attrs, uint64_t seed) -> std::unique_ptr<Dataset> {
      return std::make_unique<LabelledTextSet>(attrs.as<LabelledText>(), seed);
    }};
}  // namespace cambium::dataset_labelled_text
