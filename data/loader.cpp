#include "data/loader.h"

#include <algorithm>
#include <system_error>

#include "core/system/memory.h"
#include "data/mixture.h"

namespace cambium {
Loader::Loader(const Dataset& dataset, Split split, const LoaderOptions& options, Cursor start,
               const std::string& stream)
    : dataset_(dataset),
      split_(split),
      seed_(options.order.seed),
      batch_(options.order.batch),
      count_(dataset.count(split)),
      total_(options.total),
      sampler_(dataset.count(split), options.order),
      cursor_(start) {
  constexpr std::string_view names[] = {"train", "validation", "test"};
  require(sampler_.batches() > 0, "the ", names[size_t(split)], " split is empty (",
          dataset.describe(), ")");
  require(start.epoch >= 0 && start.batch >= 0 && start.batch < sampler_.batches(),
          "cannot go on at batch ", start.batch, " of epoch ", start.epoch, ": an epoch has ",
          sampler_.batches(), " batches of ", options.order.batch);
  if (split == Split::kTrain) open_stream(stream);
  const DataShape shape = dataset.shape(options.order.batch);
  const bool ahead = options.prefetch && dataset.version(split) == 0 && !is_address_room_scarce();
  for (int64_t k = 0; k < (ahead ? kSlots : 1); ++k) slots_[k] = allocate_batch(shape);
  if (ahead) try {
      thread_ = std::thread([this] { read_ahead(); });
    } catch (const std::system_error&) {
      return;  // no thread to be had: batches are read when they are asked for, the same ones
    }
}

Loader::~Loader() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  taken_changed_.notify_one();
  thread_.join();
}

std::unique_ptr<ExampleStream> Loader::stream_of_epoch(int64_t epoch) const {
  return epoch_stream(dataset_, {.seed = epoch_seed(seed_, epoch),
                                 .first = epoch * sampler_.batches() * batch_,
                                 .total = total_});
}

void Loader::open_stream(const std::string& state) {
  const auto open = [this] { return stream_of_epoch(cursor_.epoch); };
  stream_ = open();
  if (!stream_) return;
  stream_epoch_ = cursor_.epoch;
  stream_->restore(state);
  if (stream_->at() == cursor_.batch * batch_) return;
  if (stream_->at() > 0) stream_ = open();
  stream_->skip(cursor_.batch * batch_);
}

void Loader::read_stream(const Cursor& cursor, int64_t slot) {
  if (stream_epoch_ != cursor.epoch) {
    stream_ = stream_of_epoch(cursor.epoch);
    stream_epoch_ = cursor.epoch;
  }
  ensure(stream_->at() == cursor.batch * batch_, "the stream is at example ", stream_->at(),
         ", batch ", cursor.batch, " is asked for");
  stream_->next(std::min(batch_, count_ - stream_->at()), slots_[slot]);
  states_[slot] = stream_->save();
}

void Loader::read(const Cursor& cursor, int64_t slot) {
  if (stream_) return read_stream(cursor, slot);
  const std::span<const int64_t> indices = sampler_.indices(cursor);
  const uint64_t seed = split_ == Split::kTrain ? epoch_seed(seed_, cursor.epoch) : 0;
  dataset_.read(split_, indices, seed, slots_[slot]);
}

const Batch& Loader::next() {
  const int64_t slot = thread_.joinable() ? taken_ % kSlots : 0;
  if (!thread_.joinable()) {
    read(cursor_, slot);
  } else {
    std::unique_lock lock(mutex_);
    released_ = taken_;  // the batch given out before is free again
    taken_changed_.notify_one();
    filled_changed_.wait(lock, [this] { return filled_ > taken_ || failure_; });
    if (filled_ <= taken_) std::rethrow_exception(failure_);
  }
  ++taken_;
  cursor_ = sampler_.after(cursor_);
  stream_state_ = cursor_.batch > 0 ? states_[slot] : std::string();
  return slots_[slot];
}

void Loader::read_ahead() {
  Cursor cursor = cursor_;  // next() moves it only after the first batch has been read
  for (int64_t k = 0;; ++k) {
    {
      std::unique_lock lock(mutex_);
      taken_changed_.wait(lock, [this, k] { return stop_ || k < released_ + kSlots; });
      if (stop_) return;
    }
    std::exception_ptr failure;
    try {
      read(cursor, k % kSlots);
    } catch (...) {
      failure = std::current_exception();
    }
    {
      const std::lock_guard lock(mutex_);
      failure_ = failure;
      if (!failure) filled_ = k + 1;
    }
    filled_changed_.notify_one();
    if (failure) return;
    cursor = sampler_.after(cursor);
  }
}
}  // namespace cambium
