// Loader: batches of a split in the sampler's order, or in that of its stream, read ahead on a
// thread of its own.
#pragma once
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "data/dataset.h"
#include "data/sampler.h"

namespace cambium {
struct LoaderOptions {
  SamplerOptions order;
  // false: read when asked; the batches are the same, bit for bit. A split that is one batch which
  // never changes is not read ahead either.
  bool prefetch = true;
  int64_t total = 0;  // examples of the whole training; 0: as in EpochPlace
};

// Endless: after the last batch of an epoch comes the first of the next. All memory is allocated
// at the start: two batches, filled in turn. Training examples get the epoch's seed, others 0.
// Used by one thread; the dataset must outlive it.
class Loader {
 public:
  // Starts at `start`, as if the batches before it had been read. UserError when the split is empty
  // or the start lies behind the end of an epoch (another batch size than the checkpoint's).
  // `stream`: what stream_state() said there. Without it, or with that of another place, a stream
  // is read again from the beginning of the epoch: the same batches, later.
  Loader(const Dataset& dataset, Split split, const LoaderOptions& options, Cursor start = {},
         const std::string& stream = {});
  ~Loader();  // stops the thread; at most one read is waited for
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // The next batch; it stays valid until the next call. What the dataset throws in the reading
  // thread is thrown here, at the batch it belongs to and at every call after it.
  const Batch& next();

  // The batch that next() would give: the cursor to save in a checkpoint.
  Cursor cursor() const { return cursor_; }

  // To save beside the cursor, of training data that comes in a stream (Dataset::stream); "" of
  // other data.
  const std::string& stream_state() const { return stream_state_; }

  int64_t batches_per_epoch() const { return sampler_.batches(); }

 private:
  static constexpr int64_t kSlots = 2;

  std::unique_ptr<ExampleStream> stream_of_epoch(int64_t epoch) const;
  void open_stream(const std::string& state);
  void read(const Cursor& cursor, int64_t slot);
  void read_stream(const Cursor& cursor, int64_t slot);
  void read_ahead();  // the thread

  const Dataset& dataset_;
  const Split split_;
  const uint64_t seed_;
  const int64_t batch_, count_, total_;
  Sampler sampler_;  // used by the reading thread only, when there is one
  Cursor cursor_;
  Batch slots_[kSlots];
  std::unique_ptr<ExampleStream> stream_;  // of stream_epoch_; of the reading thread, as sampler_
  int64_t stream_epoch_ = 0;
  std::string states_[kSlots];  // of the stream behind each slot's batch
  std::string stream_state_;
  int64_t taken_ = 0;  // batches given out so far
  std::mutex mutex_;
  std::condition_variable filled_changed_, taken_changed_;
  int64_t filled_ = 0;    // batches read so far; at most one ahead of what is in use
  int64_t released_ = 0;  // batches whose slot may be overwritten
  bool stop_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};
}  // namespace cambium
