// Windows: next-symbol examples of T symbols from streams of documents, one document of each and
// one block of windows in memory.
#pragma once
#include "data/corpus/document.h"
#include "data/corpus/vocabulary.h"
#include "data/dataset.h"

namespace cambium {
// The symbols of documents one after the other.
class SymbolReader {
 public:
  SymbolReader(std::unique_ptr<DocumentSource> from, std::shared_ptr<const Vocabulary> vocabulary)
      : from_(std::move(from)), vocabulary_(std::move(vocabulary)) {}

  // Appends the next n symbols. RuntimeError when the documents end before: they have changed.
  void read(int64_t n, std::vector<int32_t>& to);

  void skip(int64_t n);  // the same, without writing

  int32_t peek();  // the next symbol, which the next read() begins with

  // Appends a window within one document: the next n symbols or fewer, where it ends, and the one
  // behind them; then -1 up to n + 1 in all. The next begins with that one, or with a document.
  void read_apart(int64_t n, std::vector<int32_t>& to);

  // One line: the place of the document that is read, and the symbols of it that are behind us.
  std::string position() const { return str(used_, " ", document_at_); }

  void go_to(const std::string& position);  // UserError for what is no such position

 private:
  void need();  // another document when this one is used up
  template <class Take> void advance(int64_t n, const Take& take);

  std::unique_ptr<DocumentSource> from_;
  std::shared_ptr<const Vocabulary> vocabulary_;
  std::vector<int32_t> symbols_;  // of the document
  size_t used_ = 0;
  std::string document_at_;  // position of the source before it was read
};

// How turns fall to readers up to one of them.
struct TurnShares {
  int64_t end = std::numeric_limits<int64_t>::max();
  std::vector<double> weights;
};

struct WindowOptions {
  int64_t context = 1;                  // T
  int64_t count = 0;                    // windows an epoch
  int64_t block = 1;                    // windows that are shuffled together
  int64_t phase = 0;                    // symbols left out at the beginning
  uint64_t seed = 0;                    // of the order; 0: as they stand
  std::vector<TurnShares> shares = {};  // of the readers; empty: there is one
  std::vector<int32_t> groups = {};     // of the readers, for Batch::group
  bool apart = false;                   // no window holds symbols of two documents
};

// How many windows of T a document of so many symbols makes where each holds one document.
constexpr int64_t windows_apart(int64_t symbols, int64_t context) {
  return symbols < 2 ? 0 : (symbols - 1 + context - 1) / context;
}

// Which of several readers the next window comes from: the one that lags its share most.
class Turns {
 public:
  explicit Turns(std::vector<double> weights)
      : Turns(std::vector{TurnShares{.weights = std::move(weights)}}) {}

  // Ends rise; a turn behind the last one goes by its weights.
  explicit Turns(std::vector<TurnShares> stages);

  size_t next();

 private:
  std::vector<TurnShares> stages_;  // the sum of the weights of each is 1
  size_t stage_ = 0;
  std::vector<double> before_;  // turns that were due to each reader before the stage
  std::vector<int64_t> given_;
  int64_t all_ = 0, begin_ = 0;  // turns given; before the stage
};

// Ids [B,T] and the ids that follow them [B,T], padded with 0 and -1. A window begins where the one
// before it of the same reader ends. Blocks stay in their order and their windows are shuffled, so
// that the state is the place of a block and how many of its windows have been given.
class WindowStream final : public ExampleStream {
 public:
  WindowStream(std::vector<SymbolReader> readers, const WindowOptions& options);

  int64_t at() const override { return at_; }

  void next(int64_t examples, Batch& into) override;
  void skip(int64_t examples) override;
  std::string save() const override;
  void restore(const std::string& state) override;

 private:
  void open_block();  // the windows from first_ on
  void need();        // another block when this one is used up

  std::vector<SymbolReader> readers_;
  WindowOptions options_;
  Turns turns_;                   // behind the block
  int64_t at_ = 0, first_ = 0;    // windows given; before this block
  std::vector<int32_t> symbols_;  // of the block's windows, each with the one behind it
  std::vector<int32_t> reader_;   // that each of its windows is of
  std::vector<int32_t> order_;    // of its windows; empty before the first block
  std::string block_at_;          // positions of the readers before it, between semicolons
};
}  // namespace cambium
