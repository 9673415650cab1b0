// PretokenCounts: how often each pre-token occurs in a stream of texts, in bounded memory.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cambium {
class PretokenCounts {
 public:
  // A longer pre-token is counted in parts of so many bytes, cut between characters.
  static constexpr size_t kLongest = 1024;
  static constexpr int64_t kMost = int64_t(1) << 20;

  // `most` different ones are held, and 32 bytes of text for each of them: beyond that the rarest
  // half goes, which depends on nothing but the texts and their order.
  explicit PretokenCounts(int64_t most = kMost) : most_(most) {}

  void add_text(std::string_view text);
  void add(std::string_view pretoken, int64_t times = 1);

  struct Entry {
    uint64_t hash;
    int64_t count;
    uint64_t at;  // in the bytes of all
    uint32_t bytes;
  };

  const std::vector<Entry>& entries() const { return entries_; }  // in the order they came

  std::string_view text_of(const Entry& e) const {
    return std::string_view(text_).substr(e.at, e.bytes);
  }

  int64_t text_bytes() const { return text_bytes_; }  // of the texts that were added

  int64_t occurrences() const { return occurrences_; }  // of pre-tokens in them

  int64_t dropped() const { return dropped_; }  // entries that went

  int64_t dropped_times() const { return dropped_times_; }  // what they had counted

 private:
  void drop_rarest();
  void index(size_t slots);
  size_t slot_of(std::string_view pretoken, uint64_t hash) const;

  int64_t most_;
  std::vector<Entry> entries_;
  std::vector<int32_t> slots_;  // entries by their hashes; -1: none
  std::string text_;
  int64_t text_bytes_ = 0, occurrences_ = 0, dropped_ = 0, dropped_times_ = 0;
};
}  // namespace cambium
