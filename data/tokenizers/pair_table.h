// PairTable: values by pairs of ids, in one array without pointers.
#pragma once
#include <cstdint>
#include <vector>

namespace cambium {
template <class Value> class PairTable {
 public:
  // Null for a pair that is not in it. Valid until the next add().
  const Value* find(int32_t left, int32_t right) const {
    if (slots_.empty()) return nullptr;
    const uint64_t key = key_of(left, right);
    for (size_t i = place(key);; i = (i + 1) & (slots_.size() - 1)) {
      if (slots_[i].key == key) return &slots_[i].value;
      if (slots_[i].key == kFree) return nullptr;
    }
  }

  // What is there, or `value` put there.
  Value& add(int32_t left, int32_t right, Value value) {
    if (2 * (count_ + 1) > slots_.size()) grow();
    const uint64_t key = key_of(left, right);
    size_t i = place(key);
    while (slots_[i].key != key && slots_[i].key != kFree) i = (i + 1) & (slots_.size() - 1);
    if (slots_[i].key == kFree) {
      slots_[i] = {key, value};
      ++count_;
    }
    return slots_[i].value;
  }

  size_t size() const { return count_; }

 private:
  static constexpr uint64_t kFree = ~uint64_t(0);  // ids are not negative

  struct Slot {
    uint64_t key = kFree;
    Value value{};
  };

  static uint64_t key_of(int32_t left, int32_t right) {
    return uint64_t(uint32_t(left)) << 32 | uint32_t(right);
  }

  size_t place(uint64_t key) const {
    return size_t((key * 0x9E3779B97F4A7C15u) >> 20) & (slots_.size() - 1);
  }

  void grow() {
    std::vector<Slot> old(slots_.empty() ? 1024 : 2 * slots_.size());
    old.swap(slots_);
    for (const Slot& s : old) {
      if (s.key == kFree) continue;
      size_t i = place(s.key);
      while (slots_[i].key != kFree) i = (i + 1) & (slots_.size() - 1);
      slots_[i] = s;
    }
  }

  std::vector<Slot> slots_;  // a power of two of them
  size_t count_ = 0;
};
}  // namespace cambium
