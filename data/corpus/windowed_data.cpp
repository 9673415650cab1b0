#include "data/corpus/windowed_data.h"

#include <algorithm>

#include "core/rng.h"

namespace cambium {
DataShape WindowedData::shape(int64_t batch) const {
  return {.domain = Domain::kIds,
          .x = {DType::kI32, {batch, context_}},
          .target = {DType::kI32, {batch, context_}},
          .classes = vocabulary_->size(),
          .causal = true,
          .group_weights = group_weights_};
}

int64_t WindowedData::count(Split split) const {
  if (split == Split::kTrain && apart_ > 0) return apart_;
  if (split == Split::kTrain)
    return train_ > context_ ? std::max<int64_t>(1, train_ / context_ - 1) : 0;
  return int64_t(windows_[place(split)].size());
}

void WindowedData::cut(Split split, std::span<const int64_t> pieces,
                       std::span<const int64_t> begins) {
  std::vector<std::vector<Held>> of(pieces.size());
  std::vector<double> share;
  int64_t begin = 0;
  size_t all = 0;
  for (size_t k = 0; k < pieces.size(); begin += pieces[k++]) {
    for (int64_t at = begin, end = begin + pieces[k]; at + 1 < end;) {
      const auto next = std::ranges::upper_bound(begins, at);
      const int64_t stop = next == begins.end() ? end : std::min(end, *next);
      const int64_t targets = std::min(context_, stop - 1 - at);
      if (targets > 0) of[k].push_back({at, targets, int32_t(k)});
      at = at + targets + 1 < stop ? at + targets : begins.empty() ? at + context_ : stop;
    }
    share.push_back(double(of[k].size()));
    all += of[k].size();
  }
  std::vector<Held>& to = windows_[place(split)];
  to.clear();
  if (all == 0) return;
  Turns turns(share);
  std::vector<size_t> given(pieces.size(), 0);
  for (size_t k = 0; to.size() < all;)
    if (k = turns.next(); given[k] < of[k].size()) to.push_back(of[k][given[k]++]);
}

void WindowedData::read(Split split, std::span<const int64_t> indices, uint64_t epoch_seed,
                        Batch& into) const {
  const std::span<int32_t> x = into.x.i32(), target = into.target.i32();
  std::ranges::fill(x, 0);
  std::ranges::fill(target, -1);
  if (!group_weights_.empty()) std::ranges::fill(into.group.i32(), 0);
  into.examples = int64_t(indices.size());
  if (split == Split::kTrain) return read_streamed(indices, epoch_seed, into);
  for (size_t i = 0; i < indices.size(); ++i) {
    const Held& window = windows_[place(split)][size_t(indices[i])];
    const auto from = held_[place(split)].begin() + window.begin;
    std::copy_n(from, window.targets, x.begin() + ptrdiff_t(i) * context_);
    std::copy_n(from + 1, window.targets, target.begin() + ptrdiff_t(i) * context_);
  }
}

int64_t WindowedData::stream_bytes() const {
  const int64_t windows = std::min(block_, count(Split::kTrain));
  return int64_t(sizeof(int32_t)) * windows * (context_ + 2) + 2 * readers_ * longest_;
}

std::vector<std::pair<std::string, ArgValue>> WindowedData::vars() const {
  return {{"classes", vocabulary_->size()}, {"vocab", vocabulary_->size()}, {"context", context_}};
}

std::string WindowedData::decode(std::span<const int32_t> ids) const {
  return vocabulary_->decode(ids);
}

std::vector<int32_t> WindowedData::encode(std::string_view text) const {
  std::vector<int32_t> ids;
  vocabulary_->append_document(text, ids);
  return ids;
}

void WindowedData::check_held(const std::string& option, int64_t windows) const {
  const int64_t most = std::max<int64_t>(1, kMostHeld / context_);
  if (windows > most)
    throw OptionError(option,
                      str(option, " = ", windows, " windows of ", context_,
                          " symbols are more than the ", kMostHeld, " that may be held"),
                      str("use ", option, ": ", most, " or less"));
}

void WindowedData::check_sizes(const std::string& origin, int64_t documents,
                               const std::string& cure, bool holds_out) const {
  if (train_ == 0 && held_[0].size() >= 2) return;
  if (train_ < context_ + 1)
    throw OptionError(
        "context",
        str("context = ", context_, " needs at least ", context_ + 1, " training symbols, ", origin,
            " has ", train_, " in ", documents, " documents"),
        "use more documents or a shorter context");
  if (!holds_out) return;
  for (const auto& [name, k] : {std::pair("val", 0), std::pair("test", 1)})
    if (windows_[k].empty())
      throw OptionError(
          name,
          held_[k].empty()
              ? str("none of ", documents, " documents of ", origin, " falls to ", name)
              : str("the documents of ", origin, " that fall to ", name, " hold no text"),
          str("use more documents or a larger ", name, "; ", cure));
}

int64_t WindowedData::phase_of(uint64_t epoch_seed) const {
  if (epoch_seed == 0 || apart_ > 0) return 0;
  const int64_t room = train_ - count(Split::kTrain) * context_;
  return Random(epoch_seed, stream_of("text.phase")).below(uint32_t(std::min(context_, room)));
}

// One stream up to the last of them, in the order in which they come.
void WindowedData::read_streamed(std::span<const int64_t> indices, uint64_t epoch_seed,
                                 Batch& into) const {
  std::vector<std::pair<int64_t, size_t>> wanted;
  for (size_t i = 0; i < indices.size(); ++i) wanted.emplace_back(indices[i], i);
  std::ranges::sort(wanted);
  Batch one = allocate_batch(shape(1));
  auto from = stream(epoch_seed);
  for (const auto& [index, row] : wanted) {
    if (index >= from->at()) {  // else the same one again
      from->skip(index - from->at());
      from->next(1, one);
    }
    const ptrdiff_t begin = ptrdiff_t(row) * context_;
    std::ranges::copy(one.x.i32(), into.x.i32().begin() + begin);
    std::ranges::copy(one.target.i32(), into.target.i32().begin() + begin);
    if (!group_weights_.empty())
      std::ranges::copy(one.group.i32(), into.group.i32().begin() + begin);
  }
}
}  // namespace cambium
