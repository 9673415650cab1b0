#include "data/tokenizers/byte_bpe.h"

#include <algorithm>
#include <limits>
#include <queue>

#include "core/error.h"
#include "core/hash.h"
#include "data/tokenizers/pretoken_cache.h"
#include "data/tokenizers/pretokens.h"

namespace cambium {
namespace {
constexpr size_t kShort = 64;  // bytes of a pre-token whose pairs are looked through each time
constexpr int32_t kNone = std::numeric_limits<int32_t>::max();  // the rank of no merge

uint64_t content_of(const ByteBpeModel& m) {
  uint64_t h = hash_text(m.space_in_front ? "byte BPE, space in front" : "byte BPE");
  for (const std::string& p : m.pieces) h = joined_hash({h, hash_text(p)});
  for (const BpeMerge& x : m.merges)
    h = joined_hash({h, uint64_t(x.left), uint64_t(x.right), uint64_t(x.into), uint64_t(x.rank)});
  for (const SpecialToken& s : m.specials) h = joined_hash({h, uint64_t(s.id), hash_text(s.text)});
  return h;
}
}  // namespace

ByteBpe::ByteBpe(ByteBpeModel model, const std::string& origin)
    : model_(std::move(model)), special_(model_.pieces.size()), content_(content_of(model_)) {
  for (const SpecialToken& s : model_.specials) special_[size_t(s.id)] = true;
  byte_ids_.fill(-1);
  for (size_t id = 0; id < model_.pieces.size(); ++id)
    if (const std::string& p = model_.pieces[id]; p.size() == 1 && !special_[id])
      byte_ids_[uint8_t(p[0])] = int32_t(id);
  for (size_t byte = 0; byte < 256; ++byte)
    if (byte_ids_[byte] < 0)
      throw UserError(str(origin, ": no token stands for the byte ", byte,
                          ", so that texts which hold it could not be written"),
                      "train it with all 256 bytes in its alphabet");
  for (const BpeMerge& m : model_.merges) merges_.add(m.left, m.right, {m.rank, m.into});
}

ByteBpe::~ByteBpe() = default;

std::unique_ptr<PretokenCache> ByteBpe::take_cache() const {
  {
    const std::lock_guard lock(mutex_);
    if (!caches_.empty()) {
      auto cache = std::move(caches_.back());
      caches_.pop_back();
      return cache;
    }
  }
  return std::make_unique<PretokenCache>();
}

void ByteBpe::encode(std::string_view text, std::vector<int32_t>& ids) const {
  if (text.empty()) return;
  auto cache = take_cache();
  std::string spaced;
  if (model_.space_in_front && text[0] != ' ') text = spaced = str(" ", text);
  for (size_t at = 0; at < text.size();) {
    const size_t end = pretoken_end(text, at);
    encode_pretoken(text.substr(at, end - at), *cache, ids);
    at = end;
  }
  const std::lock_guard lock(mutex_);
  caches_.push_back(std::move(cache));
}

void ByteBpe::encode_pretoken(std::string_view pretoken, PretokenCache& cache,
                              std::vector<int32_t>& ids) const {
  const bool kept = pretoken.size() <= PretokenCache::kBytes;
  const uint64_t hash = kept ? PretokenCache::hash_of(pretoken) : 0;
  if (kept)
    if (const auto known = cache.find(pretoken, hash); !known.empty()) {
      ids.insert(ids.end(), known.begin(), known.end());
      return;
    }
  const size_t first = ids.size();
  for (const char c : pretoken) ids.push_back(byte_ids_[uint8_t(c)]);
  const std::span<int32_t> mine = std::span(ids).subspan(first);
  ids.resize(first + (mine.size() <= kShort ? merge_short(mine) : merge_long(mine)));
  if (kept) cache.keep(pretoken, hash, std::span<const int32_t>(ids).subspan(first));
}

size_t ByteBpe::merge_short(std::span<int32_t> ids) const {
  size_t n = ids.size();
  Into pairs[kShort];  // of the pair that begins at each place
  const auto look_up = [&](size_t i) {
    const Into* known = merges_.find(ids[i], ids[i + 1]);
    pairs[i] = known ? *known : Into{kNone, 0};
  };
  for (size_t i = 0; i + 1 < n; ++i) look_up(i);
  while (n > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < n; ++i)
      if (pairs[i].rank < pairs[best].rank) best = i;
    if (pairs[best].rank == kNone) break;
    ids[best] = pairs[best].id;
    --n;
    for (size_t i = best + 1; i < n; ++i) ids[i] = ids[i + 1];
    for (size_t i = best + 1; i + 1 < n; ++i) pairs[i] = pairs[i + 1];
    if (best > 0) look_up(best - 1);
    if (best + 1 < n) look_up(best);
  }
  return n;
}

// A heap of pairs over a linked list keeps this at n log n; pairs that are gone are skipped when
// they surface.
size_t ByteBpe::merge_long(std::span<int32_t> ids) const {
  struct Pair {
    int32_t rank, left_id, right_id, into;
    size_t left, right;

    bool operator<(const Pair& o) const { return rank != o.rank ? rank > o.rank : left > o.left; }
  };

  const size_t n = ids.size();
  std::vector<size_t> next(n), before(n);
  for (size_t i = 0; i < n; ++i) {
    next[i] = i + 1;
    before[i] = i - 1;  // of the first one n or more
  }
  std::priority_queue<Pair> pairs;
  const auto offer = [&](size_t left) {
    if (left >= n || next[left] >= n) return;
    const int32_t a = ids[left], b = ids[next[left]];
    if (const Into* m = merges_.find(a, b)) pairs.push({m->rank, a, b, m->id, left, next[left]});
  };
  for (size_t i = 0; i + 1 < n; ++i) offer(i);
  while (!pairs.empty()) {
    const Pair p = pairs.top();
    pairs.pop();
    if (ids[p.left] != p.left_id || next[p.left] != p.right || ids[p.right] != p.right_id) continue;
    ids[p.left] = p.into;
    ids[p.right] = -1;
    next[p.left] = next[p.right];
    if (next[p.right] < n) before[next[p.right]] = p.left;
    offer(before[p.left]);
    offer(p.left);
  }
  return size_t(std::ranges::remove(ids, -1).begin() - ids.begin());
}

std::string ByteBpe::decode(std::span<const int32_t> ids) const {
  std::string out;
  for (const int32_t id : ids) {
    require(id >= 0 && id < size(), "token ", id, " is outside the vocabulary of ", size());
    if (!special_[size_t(id)]) out += model_.pieces[size_t(id)];
  }
  return out;
}
}  // namespace cambium
