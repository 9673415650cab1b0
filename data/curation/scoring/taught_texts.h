// Taught texts: what a step learns from, sources of the recipe or files of its own.
#pragma once
#include "data/curation/support/step.h"

namespace cambium {
struct TaughtTexts {
  std::string name;     // a source's, or files'
  int64_t source = -1;  // index in StagedDrafts::sources; -1: files, before with_files()

  bool files() const { return source < 0; }
};

// What `name` means: a source of the recipe, else a file, a folder or a pattern. OptionError for
// `option` where it is neither.
TaughtTexts taught_by(const std::string& option, const std::string& name, const StepPlace& place);

// The drafts and behind them, as sources more, the texts of those that are files, whose `source` is
// then set. They are staged in `folder` once, in the order of their hashes as drafts are.
StagedDrafts with_files(const StagedDrafts& drafts, std::span<TaughtTexts> texts,
                        const std::string& folder, const Workers& workers);

// Documents fall into folds by their clusters, so that neither equal texts nor those that an
// earlier near_duplicates found alike are held out from each other.
int64_t fold_of(const Draft& draft, int64_t folds);

// The documents of one source in their order, which is that of their hashes: the first bytes are a
// draw from all.
class TextStream {
 public:
  // Ends behind `most` bytes of texts.
  TextStream(const StagedDrafts& texts, int64_t source, int64_t most);

  bool next(Draft& into);
  void restart();

  bool ended() const { return ended_; }  // next() has answered false

  int64_t bytes() const { return bytes_; }  // that all of it has, `most` at most

  int64_t documents() const { return documents_; }  // about as many as make these bytes

  double progress() const { return double(given_) / double(std::max<int64_t>(1, bytes_)); }

 private:
  std::vector<std::string> paths_;
  int64_t bytes_ = 0, documents_ = 0, given_ = 0;
  size_t next_ = 0;
  bool ended_ = false;
  std::unique_ptr<PartReader> part_;
};
}  // namespace cambium
