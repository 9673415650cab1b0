#include "data/curation/scoring/byte_ngrams.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "data/curation/support/number_file.h"

namespace cambium {
namespace {
// Of a place, and four more while finish() works.
constexpr int64_t kPlaceBytes = 20;
constexpr size_t kAhead = 6;                 // bytes, for which places are fetched from memory
constexpr double kFull = 0.8, kRoomy = 0.6;  // of the hashed places

uint64_t last_bytes(uint64_t history, int64_t length) {
  return length == 0 ? 0 : history & (~uint64_t(0) >> (64 - 8 * length));
}

// Where grams of none to two bytes stand, whether they came or not.
size_t direct_place(int64_t length, uint64_t history) {
  return (length == 2 ? 257 : size_t(length)) + size_t(last_bytes(history, length));
}

// As many newlines as a context has.
constexpr uint64_t kBeginning = 0x0A0A0A0A0A0A0A0A;
}  // namespace

ByteNgrams::ByteNgrams(int64_t order, int64_t memory) : order_(order) {
  ensure(order >= 1 && order <= kMostOrder && memory >= kLeastMemory, "an n-gram model of order ",
         order, " in ", memory, " bytes");
  hashed_ = size_t(memory / kPlaceBytes) - kDirect;
  places_.resize(kDirect + hashed_);
}

uint64_t ByteNgrams::key_of(int64_t length, uint64_t history) {
  return uint64_t(length) << 56 | last_bytes(history, length);
}

size_t ByteNgrams::home_of(uint64_t key) const {
  uint64_t h = (key ^ key >> 29) * 0xBF58476D1CE4E5B9;
  h = (h ^ h >> 32) * 0x94D049BB133111EB;
  return size_t((unsigned __int128)(h)*hashed_ >> 64);
}

size_t ByteNgrams::find(int64_t length, uint64_t history) const {
  if (length <= 2) return direct_place(length, history);
  const uint64_t key = key_of(length, history);
  for (size_t at = kDirect + home_of(key);; at = at + 1 == places_.size() ? kDirect : at + 1) {
    if (places_[at].key == key) return at;
    if (places_[at].key == 0) return kNone;
  }
}

void ByteNgrams::fetch(int64_t length, uint64_t history) const {
  __builtin_prefetch(&places_[kDirect + home_of(key_of(length, history))]);
}

size_t ByteNgrams::find_or_add(int64_t length, uint64_t history) {
  if (length <= 2) return direct_place(length, history);
  const uint64_t key = key_of(length, history);
  for (size_t at = kDirect + home_of(key);; at = at + 1 == places_.size() ? kDirect : at + 1) {
    if (places_[at].key == key) return at;
    if (places_[at].key != 0) continue;
    places_[at].key = key;
    ++used_;
    return at;
  }
}

int64_t ByteNgrams::length_at(size_t place) const {
  if (place >= kDirect) {
    const uint64_t key = places_[place].key;
    return key == 0 ? -1 : int64_t(key >> 56);
  }
  if (place == 0) return 0;
  return places_[place].count == 0 ? -1 : place < 257 ? 1 : 2;
}

// Where the gram without its last byte stands: whoever came as a gram came as a context's end.
size_t ByteNgrams::context_of(size_t place) const {
  if (place < kDirect) return place < 257 ? 0 : 1 + ((place - 257) >> 8);
  const uint64_t key = places_[place].key;
  return find(int64_t(key >> 56) - 1, (key & 0x00FFFFFFFFFFFFFF) >> 8);
}

void ByteNgrams::learn(std::string_view text) {
  uint64_t history = kBeginning, ahead = kBeginning;
  bytes_ += int64_t(text.size());
  for (size_t i = 0; i < text.size() + kAhead; ++i) {
    if (i < text.size()) {
      ahead = ahead << 8 | uint8_t(text[i]);
      for (int64_t length = std::max<int64_t>(3, order_ - 1); length <= order_; ++length)
        fetch(length, ahead);
    }
    if (i < kAhead) continue;
    history = history << 8 | uint8_t(text[i - kAhead]);
    // A gram that is new has one more byte that stands before the shorter one.
    for (int64_t length = order_; length >= 1; --length)
      if (places_[find_or_add(length, history)].count++ > 0) break;
    if (double(used_) > kFull * double(hashed_)) forget();
  }
}

// Closes the gap, so that whoever is looked for from before it is still found.
void ByteNgrams::remove(size_t place) {
  size_t gap = place;
  for (size_t at = gap;;) {
    at = at + 1 == places_.size() ? kDirect : at + 1;
    if (places_[at].key == 0) break;
    const size_t home = kDirect + home_of(places_[at].key);
    // Whether `home` lies behind the gap and not behind `at`, on the circle.
    const bool stays = gap < at ? home > gap && home <= at : home > gap || home <= at;
    if (stays) continue;
    places_[gap] = places_[at];
    gap = at;
  }
  places_[gap] = {};
  --used_;
  ++forgotten_;
}

void ByteNgrams::forget() {
  for (uint32_t most = 1; double(used_) > kRoomy * double(hashed_); most *= 2) {
    if (most > 1u << 30) {  // none of this order is left
      --order_;
      most = 1;
    }
    for (size_t place = kDirect; place < kDirect + hashed_;) {
      if (length_at(place) == order_ && places_[place].count <= most)
        remove(place);  // another gram may have come to this place
      else
        ++place;
    }
  }
}

std::vector<ByteNgrams::Discounts> ByteNgrams::discounts() const {
  std::vector<std::array<double, 5>> counts(size_t(order_) + 1);  // how many grams came n times
  for (size_t place = 1; place < places_.size(); ++place) {
    const int64_t length = length_at(place);
    const uint32_t n = length < 1 ? 0 : places_[place].count;
    if (n >= 1 && n <= 4) ++counts[size_t(length)][n];
  }
  std::vector<Discounts> out(counts.size());
  for (size_t length = 1; length < counts.size(); ++length) {
    const auto& n = counts[length];
    const double y = n[1] / (n[1] + 2 * n[2]);
    for (size_t k = 1; k <= 3; ++k) {
      const double d = double(k) - double(k + 1) * y * n[k + 1] / n[k];
      // Of few grams the formula says nothing, or absurd things.
      out[length].of[k] = n[1] * n[2] * n[3] * n[4] > 0 ? std::clamp(d, 0.05, double(k)) : 0.75;
    }
  }
  return out;
}

void ByteNgrams::finish() {
  // A text's beginning is no gram, only a context.
  for (int64_t length = 3; length < order_; ++length) find_or_add(length, kBeginning);
  const std::vector<Discounts> taken = discounts();
  std::vector<uint32_t> totals(places_.size());
  const auto each_gram = [&](const auto& f) {
    for (size_t place = 1; place < places_.size(); ++place)
      if (const int64_t length = length_at(place); length >= 1 && places_[place].count > 0)
        f(place, taken[size_t(length)][places_[place].count]);
  };
  each_gram([&](size_t place, double d) {
    const size_t context = context_of(place);
    ensure(context != kNone, "a gram without its context");
    totals[context] += places_[place].count;
    places_[context].rest += float(d);
  });
  each_gram([&](size_t place, double d) {
    const double part = (double(places_[place].count) - d) / double(totals[context_of(place)]);
    places_[place].count = std::bit_cast<uint32_t>(float(part));
  });
  for (size_t place = 0; place < places_.size(); ++place) {
    float& rest = places_[place].rest;
    rest = totals[place] > 0 ? float(double(rest) / totals[place]) : 1;
  }
  finished_ = true;
}

double ByteNgrams::bits(std::string_view text) const {
  ensure(finished_, "a model that is not finished");
  std::array<size_t, kMostOrder + 1> before{}, now{};  // places of the grams that end here
  uint64_t history = kBeginning, ahead = kBeginning;
  int64_t known = 0;  // the longest context that the model has, in bytes
  for (int64_t length = 1; length < order_; ++length) {
    before[size_t(length)] = find(length, history);
    if (before[size_t(length)] == kNone) break;
    known = length;
  }
  double bits = 0, product = 1;
  for (size_t i = 0; i < text.size() + kAhead; ++i) {
    if (i < text.size()) {
      ahead = ahead << 8 | uint8_t(text[i]);
      for (int64_t length = 3; length <= order_; ++length) fetch(length, ahead);
    }
    if (i < kAhead) continue;
    history = history << 8 | uint8_t(text[i - kAhead]);
    double p = 1.0 / 256;
    int64_t found = 0;
    for (int64_t length = 1; length <= std::min(known + 1, order_); ++length) {
      double own = 0;
      if (found == length - 1) {
        const size_t place = find(length, history);
        now[size_t(length)] = place;
        if (place != kNone) {
          found = length;
          own = double(places_[place].part());
        }
      }
      p = own + double(places_[before[size_t(length - 1)]].rest) * p;
    }
    known = std::min(found, order_ - 1);
    before = now;
    product *= p;
    if (product < 1e-200) {
      bits -= std::log2(product);
      product = 1;
    }
  }
  return bits - std::log2(product);
}

void ByteNgrams::save(const std::string& path) const {
  ensure(finished_, "a model that is not finished");
  NumberFileWriter file(path);
  file.add(std::vector<int64_t>{order_, int64_t(hashed_), int64_t(used_), forgotten_, bytes_});
  file.add(places_);
  file.commit();
}

ByteNgrams ByteNgrams::load(const std::string& path) {
  NumberFileReader file(path);
  ByteNgrams m;
  std::vector<int64_t> head;
  file.take(head);
  ensure(head.size() == 5, path, " is no model");
  m.order_ = head[0];
  m.hashed_ = size_t(head[1]);
  m.used_ = size_t(head[2]);
  m.forgotten_ = head[3];
  m.bytes_ = head[4];
  file.take(m.places_);
  m.finished_ = true;
  return m;
}

int64_t ByteNgrams::grams() const {
  int64_t n = int64_t(used_);
  for (size_t place = 1; place < kDirect; ++place) n += places_[place].count > 0;
  return n;
}
}  // namespace cambium
