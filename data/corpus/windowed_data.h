// WindowedData: next-symbol prediction over streamed documents; validation and test are held.
#pragma once
#include "data/corpus/windows.h"
#include "data/text/token_names.h"

namespace cambium {
class WindowedData : public Dataset, public NamesTokens {
 public:
  DataShape shape(int64_t batch) const override;
  int64_t count(Split split) const override;
  void read(Split split, std::span<const int64_t> indices, uint64_t epoch_seed,
            Batch& into) const override;

  // A block of windows and their order, and one document of each reader; what it is in may have
  // doubled to hold it.
  int64_t stream_bytes() const override;

  std::vector<std::pair<std::string, ArgValue>> vars() const override;
  std::string decode(std::span<const int32_t> ids) const override;

  std::string token_name(int32_t id) const override { return vocabulary_->name(id); }

  std::vector<int32_t> symbol_bytes() const override { return vocabulary_->symbol_bytes(); }

  std::vector<int32_t> encode(std::string_view) const override;

 protected:
  static constexpr int64_t kMostHeld = int64_t(1) << 26;  // symbols of a block, of a held split

  WindowedData(int64_t context, int64_t block, std::shared_ptr<const Vocabulary> vocabulary)
      : context_(context), block_(block), vocabulary_(std::move(vocabulary)) {}

  // A window of held symbols, each with the one behind it.
  struct Held {
    int64_t begin = 0, targets = 0;
    int32_t piece = 0;
  };

  static size_t place(Split split) { return split == Split::kValidation ? 0 : 1; }

  // Cuts the held symbols, which are `pieces` one behind the other, into windows. None straddles
  // two pieces, nor two documents where `begins` says where those begin among the symbols, and the
  // first windows hold of each piece about the share that all hold.
  void cut(Split split, std::span<const int64_t> pieces, std::span<const int64_t> begins = {});

  // OptionError when so many windows of the context are more than may be held.
  void check_held(const std::string& option, int64_t windows) const;

  // OptionErrors when there is too little to train on (of data that only judges: nothing at all is
  // right), or nothing held out where some should be.
  void check_sizes(const std::string& origin, int64_t documents, const std::string& cure,
                   bool holds_out = true) const;

  // Where a stream of this epoch begins.
  int64_t phase_of(uint64_t epoch_seed) const;

  const int64_t context_, block_;  // T; windows that are shuffled together
  std::shared_ptr<const Vocabulary> vocabulary_;
  int64_t train_ = 0;  // symbols to train on in an epoch
  int64_t apart_ = 0;  // windows of an epoch where each holds one document; 0: they straddle
  int64_t readers_ = 1;
  int64_t longest_ = 0;                // bytes of a document's text and of its symbols
  std::vector<double> group_weights_;  // DataShape::group_weights; then held windows are of group 0
  std::vector<int32_t> held_[2];       // symbols of validation and test
  std::vector<Held> windows_[2];       // of them

 private:
  void read_streamed(std::span<const int64_t> indices, uint64_t epoch_seed, Batch& into) const;
};
}  // namespace cambium
