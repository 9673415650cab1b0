// Sampler: in which order examples are seen. A pure function of (seed, epoch); nothing to save but
// a cursor.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace cambium {
// The place in a run of the next batch to read; all that a checkpoint keeps of the data.
struct Cursor {
  int64_t epoch = 0, batch = 0;

  bool operator==(const Cursor&) const = default;
};

// What drives augmentation and generation in an epoch of training; never 0, which means "none".
uint64_t epoch_seed(uint64_t seed, int64_t epoch);

struct SamplerOptions {
  int64_t batch = 1;
  uint64_t seed = 0;
  bool shuffle = true;     // false: in index order, the same every epoch
  bool drop_last = false;  // leave out a last batch that is not full, unless it is the only one
  // Batches that belong together, as those of one update do: drop_last leaves out a last group of
  // them that is not full, unless it is the only one. So groups of 1 x 64, 8 x 8 and 64 x 1 hold
  // the same examples all along.
  int64_t group = 1;
};

// Lists the examples of each batch of an epoch. Every example comes once an epoch, except those of
// a dropped last group.
class Sampler {
 public:
  // `count` >= 0 examples an epoch; UserError when batch < 1 or group < 1.
  Sampler(int64_t count, const SamplerOptions& options);

  int64_t batches() const { return batches_; }  // an epoch

  // The examples of a batch, at most options.batch; valid until the epoch changes. The permutation
  // of the cursor's epoch is made when it is first asked for. Needs 0 <= cursor.batch < batches().
  std::span<const int64_t> indices(const Cursor& cursor);

  Cursor after(const Cursor& cursor) const;

 private:
  SamplerOptions options_;
  int64_t count_, batches_;
  int64_t epoch_ = -1;  // whose order is in order_
  std::vector<int64_t> order_;
};
}  // namespace cambium
