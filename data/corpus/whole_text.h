// WholeText: documents as one text in memory, for data that reads any place of it.
#pragma once
#include "data/corpus/document.h"

namespace cambium {
class WholeText {
 public:
  // A single document is not copied: a map of a file stays one. Several are joined in their order,
  // a newline behind each that does not end in one.
  explicit WholeText(std::unique_ptr<DocumentSource> from) : from_(std::move(from)) {
    Document d;
    const bool single = from_->total() == 1;
    while (from_->next(d)) {
      if (single) {
        view_ = d.text;
        return;
      }
      joined_ += d.text;
      if (!d.text.ends_with('\n')) joined_ += '\n';
    }
  }

  std::string_view view() const { return from_->total() == 1 ? view_ : joined_; }

 private:
  std::unique_ptr<DocumentSource> from_;
  std::string_view view_;  // of the one document, which its source holds
  std::string joined_;
};
}  // namespace cambium
