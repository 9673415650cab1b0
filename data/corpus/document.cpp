#include "data/corpus/document.h"

namespace cambium {
namespace {
class Filtered final : public DocumentSource {
 public:
  Filtered(std::unique_ptr<DocumentSource> from, std::function<bool(const Document&)> keep)
      : from_(std::move(from)), keep_(std::move(keep)) {}

  bool next(Document& into) override {
    while (from_->next(into))
      if (keep_(into)) return true;
    return false;
  }

  void skip_file() override { from_->skip_file(); }

  std::string position() const override { return from_->position(); }

  void go_to(const std::string& position) override { from_->go_to(position); }

 private:
  std::unique_ptr<DocumentSource> from_;
  std::function<bool(const Document&)> keep_;
};
}  // namespace

std::unique_ptr<DocumentSource> filtered(std::unique_ptr<DocumentSource> from,
                                         std::function<bool(const Document&)> keep) {
  return std::make_unique<Filtered>(std::move(from), std::move(keep));
}
}  // namespace cambium
