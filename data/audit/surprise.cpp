#include "data/audit/surprise.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/error.h"

namespace cambium {
namespace {
constexpr size_t kLeastGrams = size_t(1) << 12;

size_t slot_of(uint64_t key, size_t mask) {
  key ^= key >> 33;
  key *= 0xFF51AFD7ED558CCDull;
  key ^= key >> 33;
  key *= 0xC4CEB9FE1A85EC53ull;
  return size_t(key ^ (key >> 33)) & mask;
}

// The last k bytes before `end`, in one number that no other gram has.
uint64_t key_of(std::string_view text, size_t end, int64_t k) {
  uint64_t key = 0;
  for (size_t i = end - size_t(k); i < end; ++i) key = key << 8 | uint8_t(text[i]);
  return key | uint64_t(k + 1) << 56;
}
}  // namespace

ByteModel::ByteModel(int64_t order, size_t most) : order_(order), most_(most), grams_(kLeastGrams) {
  ensure(order >= 1 && order <= 7, "grams of ", order, " bytes");
}

const ByteModel::Gram* ByteModel::find(uint64_t key) const {
  const size_t mask = grams_.size() - 1;
  for (size_t i = slot_of(key, mask);; i = (i + 1) & mask) {
    if (grams_[i].key == key) return &grams_[i];
    if (grams_[i].key == 0) return nullptr;
  }
}

ByteModel::Gram* ByteModel::find_or_add(uint64_t key) {
  const size_t mask = grams_.size() - 1;
  for (size_t i = slot_of(key, mask);; i = (i + 1) & mask) {
    if (grams_[i].key == key) return &grams_[i];
    if (grams_[i].key != 0) continue;
    if (held_ >= most_) {
      full_ = true;
      return nullptr;
    }
    make_room(held_ + 1);
    if (grams_.size() - 1 != mask) return find_or_add(key);
    ++held_;
    grams_[i].key = key;
    return &grams_[i];
  }
}

void ByteModel::make_room(size_t grams) {
  if (grams * 4 <= grams_.size() * 3) return;
  std::vector<Gram> old(grams_.size() * 2);
  old.swap(grams_);
  const size_t mask = grams_.size() - 1;
  for (const Gram& g : old) {
    if (g.key == 0) continue;
    size_t i = slot_of(g.key, mask);
    while (grams_[i].key != 0) i = (i + 1) & mask;
    grams_[i] = g;
  }
}

void ByteModel::add(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i)
    for (int64_t k = 1; k <= std::min(order_, int64_t(i) + 1); ++k) {
      Gram* gram = find_or_add(key_of(text, i + 1, k));
      if (!gram) continue;
      const bool is_new = gram->count++ == 0;
      // A context that is not held is one whose grams are not held either.
      if (Gram* context = find_or_add(key_of(text, i, k - 1))) {
        ++context->seen;
        context->kinds += is_new;
      }
    }
}

double ByteModel::bits(std::string_view text) const {
  double sum = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    double p = 1.0 / 256;
    for (int64_t k = 1; k <= std::min(order_, int64_t(i) + 1); ++k) {
      const Gram* context = find(key_of(text, i, k - 1));
      if (!context || context->seen == 0) break;
      const Gram* gram = find(key_of(text, i + 1, k));
      p = ((gram ? gram->count : 0) + context->kinds * p) /
          (context->seen + double(context->kinds));
    }
    sum -= std::log2(p);
  }
  return sum;
}
}  // namespace cambium
