// Documents that never end.
#include "core/rng.h"
#include "data/corpus/document.h"

namespace cambium {
namespace {
class Endless final : public DocumentSource {
 public:
  Endless(std::vector<std::string> paths, CorpusOptions options, uint64_t seed)
      : paths_(std::move(paths)), options_(std::move(options)), seed_(seed) {
    begin_pass(0);
  }

  bool next(Document& into) override {
    // A pass without any document would go on for ever.
    for (int empty = 0; empty < 2; ++empty) {
      if (pass_documents_->next(into)) return true;
      begin_pass(pass_ + 1);
    }
    return false;
  }

  std::string position() const override { return str(pass_, " ", pass_documents_->position()); }

  void go_to(const std::string& position) override {
    const size_t space = position.find(' ');
    const bool digits = position.find_first_not_of("0123456789") == space;
    require(position.empty() || (space != position.npos && space > 0 && space < 19 && digits), "'",
            position, "' is no place in documents that are read again and again");
    begin_pass(position.empty() ? 0 : std::stoll(position.substr(0, space)));
    pass_documents_->go_to(position.empty() ? position : position.substr(space + 1));
  }

 private:
  void begin_pass(int64_t pass) {
    pass_ = pass;
    std::vector<std::string> order = paths_;
    if (seed_ != 0) Random(seed_, stream_of(str("corpus.pass.", pass))).shuffle(std::span(order));
    pass_documents_ = open_corpus(options_, list_of(order, options_));
  }

  std::vector<std::string> paths_;
  CorpusOptions options_;
  uint64_t seed_;
  int64_t pass_ = 0;
  std::unique_ptr<DocumentSource> pass_documents_;
};
}  // namespace

std::unique_ptr<DocumentSource> open_endless(std::vector<std::string> paths, CorpusOptions options,
                                             uint64_t seed) {
  return std::make_unique<Endless>(std::move(paths), std::move(options), seed);
}
}  // namespace cambium
