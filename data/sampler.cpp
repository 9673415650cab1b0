#include "data/sampler.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/rng.h"

namespace cambium {
uint64_t epoch_seed(uint64_t seed, int64_t epoch) {
  const auto word = philox(seed, stream_of("data.epoch"), uint64_t(epoch));
  return (uint64_t(word[0]) << 32 | word[1]) | 1;
}

Sampler::Sampler(int64_t count, const SamplerOptions& options) : options_(options), count_(count) {
  require(options.batch >= 1, "batch = ", options.batch, ", needs to be at least 1");
  require(options.group >= 1, "group = ", options.group, ", needs to be at least 1");
  ensure(count >= 0, "a sampler of ", count, " examples");
  const int64_t together = options.batch * options.group;
  const bool drop = options.drop_last && count >= together;
  batches_ = drop ? count / together * options.group : (count + options.batch - 1) / options.batch;
}

std::span<const int64_t> Sampler::indices(const Cursor& cursor) {
  ensure(cursor.epoch >= 0 && cursor.batch >= 0 && cursor.batch < batches_, "batch ", cursor.batch,
         " of epoch ", cursor.epoch, " asked for, an epoch has ", batches_);
  if (epoch_ != cursor.epoch) {
    order_.resize(size_t(count_));
    std::iota(order_.begin(), order_.end(), int64_t(0));
    if (options_.shuffle)
      Random(epoch_seed(options_.seed, cursor.epoch), stream_of("data.order"))
          .shuffle(std::span(order_));
    epoch_ = cursor.epoch;
  }
  const int64_t begin = cursor.batch * options_.batch;
  const int64_t size = std::min(options_.batch, count_ - begin);
  return std::span<const int64_t>(order_).subspan(size_t(begin), size_t(size));
}

Cursor Sampler::after(const Cursor& cursor) const {
  return cursor.batch + 1 < batches_ ? Cursor{cursor.epoch, cursor.batch + 1}
                                     : Cursor{cursor.epoch + 1, 0};
}
}  // namespace cambium
