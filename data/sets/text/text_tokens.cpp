// Next-token prediction over any text with a trained tokenizer.
#include "data/text/text.h"
#include "data/text/token_names.h"

namespace cambium::dataset_text_tokens {
namespace {
struct TokenOptions : TextOptions {
  std::string tokenizer;
  int64_t vocab = 0;
  static constexpr auto fields = std::tuple_cat(
      TextOptions::fields,
      std::tuple{
          field("tokenizer", &TokenOptions::tokenizer,
                "the file of a tokenizer, relative to the working directory: a tokenizer.json of "
                "Hugging Face, ranks of tiktoken, or a tokenizer.bin of llama2.c"),
          field("vocab", &TokenOptions::vocab,
                "classes of a model that has more than the tokenizer has tokens, as padded "
                "vocabularies do; 0: as many")
              .in(0, 1 << 24)});
};

class TokenText final : public Symbols, public NamesTokens {
 public:
  explicit TokenText(const TokenOptions& o)
      : tokenizer_(open_tokenizer(o.tokenizer)),
        classes_(std::max<int64_t>(o.vocab, tokenizer_->size())) {
    if (o.vocab > 0 && o.vocab < tokenizer_->size())
      throw OptionError("vocab",
                        str("vocab = ", o.vocab, " is fewer than the ", tokenizer_->size(),
                            " tokens of '", o.tokenizer, "'"),
                        "leave it out, or name the tokenizer of a smaller vocabulary");
    const WholeText text(open_text_file(o.path));
    if (text.view().empty()) throw OptionError("path", str(o.path, ": the file is empty"));
    tokenizer_->encode(text.view(), ids_);
  }

  int64_t size() const override { return int64_t(ids_.size()); }

  int64_t classes() const override { return classes_; }

  std::string_view unit() const override { return "tokens"; }

  uint64_t content() const override { return hash_of(ids_); }

  void copy(int64_t begin, std::span<int32_t> to) const override {
    std::copy_n(ids_.begin() + begin, to.size(), to.begin());
  }

  std::string decode(std::span<const int32_t> ids) const override {
    std::vector<int32_t> known(ids.begin(), ids.end());  // the others stand for nothing
    std::erase_if(known, [&](int32_t id) { return id >= tokenizer_->size() && id < classes_; });
    return tokenizer_->decode(known);
  }

  std::string token_name(int32_t id) const override {
    return id < tokenizer_->size() ? tokenizer_->piece(id) : std::string();
  }

  std::vector<int32_t> symbol_bytes() const override {
    std::vector<int32_t> bytes = tokenizer_->piece_bytes();
    if (!bytes.empty()) bytes.resize(size_t(classes_));
    return bytes;
  }

  // A prompt starts with the special token that begins documents, where there is one.
  std::vector<int32_t> encode(std::string_view text) const override {
    std::vector<int32_t> ids;
    if (const auto begin = tokenizer_->begin()) ids.push_back(*begin);
    tokenizer_->encode(text, ids);
    return ids;
  }

 private:
  std::shared_ptr<const Tokenizer> tokenizer_;
  int64_t classes_;
  std::vector<int32_t> ids_;
};
}  // namespace

extern const DatasetKind dataset_text_tokens = {
    .name = "text_tokens",
    .doc =
        "next-token prediction over a text file, with a tokenizer of yours or of a trained model",
    .source = "any text file of yours and the file of a tokenizer",
    .attrs = fields_of<TokenOptions>,
    .primary = "path",
    .open = [](const Attrs& attrs, uint64_t) -> std::unique_ptr<Dataset> {
      const auto& options = attrs.as<TokenOptions>();
      return open_text(options, std::make_unique<TokenText>(options));
    }};
}  // namespace cambium::dataset_text_tokens
