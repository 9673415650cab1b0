#include "data/tokenizers/pretoken_counts.h"

#include <algorithm>

#include "core/text/utf8.h"
#include "core/xxhash.h"
#include "data/tokenizers/pretokens.h"

namespace cambium {
void PretokenCounts::add_text(std::string_view text) {
  text_bytes_ += int64_t(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t end = pretoken_end(text, at);
    for (std::string_view rest = text.substr(at, end - at); !rest.empty();) {
      const std::string_view part = rest.substr(0, kLongest);
      const size_t whole = part.size() == rest.size() ? rest.size() : whole_bytes(part);
      add(rest.substr(0, whole));
      rest.remove_prefix(whole);
    }
    at = end;
  }
}

size_t PretokenCounts::slot_of(std::string_view pretoken, uint64_t hash) const {
  size_t i = hash & (slots_.size() - 1);
  for (; slots_[i] >= 0; i = (i + 1) & (slots_.size() - 1)) {
    const Entry& e = entries_[size_t(slots_[i])];
    if (e.hash == hash && text_of(e) == pretoken) break;
  }
  return i;
}

void PretokenCounts::index(size_t slots) {
  slots_.assign(slots, -1);
  for (size_t e = 0; e < entries_.size(); ++e) {
    size_t i = entries_[e].hash & (slots - 1);
    while (slots_[i] >= 0) i = (i + 1) & (slots - 1);
    slots_[i] = int32_t(e);
  }
}

void PretokenCounts::add(std::string_view pretoken, int64_t times) {
  occurrences_ += times;
  if (2 * (entries_.size() + 1) > slots_.size())
    index(std::max<size_t>(1 << 12, 2 * slots_.size()));
  const uint64_t hash = content_hash(pretoken);
  const size_t i = slot_of(pretoken, hash);
  if (slots_[i] >= 0) {
    entries_[size_t(slots_[i])].count += times;
    return;
  }
  slots_[i] = int32_t(entries_.size());
  entries_.push_back({hash, times, text_.size(), uint32_t(pretoken.size())});
  text_ += pretoken;
  if (int64_t(entries_.size()) > most_ || int64_t(text_.size()) > 32 * most_ + int64_t(kLongest))
    drop_rarest();
}

// All that occur no more often than some number, the smallest that leaves half of what may be held.
void PretokenCounts::drop_rarest() {
  std::vector<const Entry*> often;
  for (const Entry& e : entries_) often.push_back(&e);
  std::ranges::sort(often, std::ranges::greater(), &Entry::count);
  int64_t last = 0, bytes = 0;  // the count of the first one that has no room
  for (size_t i = 0; i < often.size(); ++i) {
    bytes += often[i]->bytes;
    if (int64_t(i) < most_ / 2 && bytes <= 16 * most_) continue;
    last = often[i]->count;
    break;
  }
  std::vector<Entry> kept;
  std::string text;
  for (const Entry& e : entries_) {
    if (e.count <= last) {
      ++dropped_;
      dropped_times_ += e.count;
      continue;
    }
    kept.push_back(e);
    kept.back().at = text.size();
    text += text_of(e);
  }
  entries_ = std::move(kept);
  text_ = std::move(text);
  index(slots_.size());
}
}  // namespace cambium
