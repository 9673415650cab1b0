#include "data/assembly/shuffle.h"

#include <algorithm>
#include <cstring>

#include "core/packing/frames.h"

namespace cambium {
namespace {
constexpr int64_t kNothing = -1;  // written for a receiver

uint32_t take_length(std::string_view& bytes) {
  uint32_t n = 0;
  ensure(bytes.size() >= sizeof(n), "a record ends early");
  std::memcpy(&n, bytes.data(), sizeof(n));
  bytes.remove_prefix(sizeof(n));
  ensure(bytes.size() >= n, "a record ends early");
  return n;
}

// The first eight bytes as a number of the same order, so that few comparisons look further.
struct Sortable {
  uint64_t head;
  std::string_view record;

  bool operator<(const Sortable& o) const {
    return head != o.head ? head < o.head : record < o.record;
  }
};

// Where each receiver's records begin.
std::vector<int64_t> read_places(FrameReader& file) {
  std::string index;
  file.go_to(file.last());
  ensure(file.next(index), "a shuffle without its index");
  std::vector<int64_t> places(index.size() / sizeof(int64_t));
  std::memcpy(places.data(), index.data(), places.size() * sizeof(int64_t));
  return places;
}

uint64_t head_of(std::string_view record) {
  uint64_t head = 0;
  for (size_t i = 0; i < 8; ++i) head = head << 8 | (i < record.size() ? uint8_t(record[i]) : 0);
  return head;
}
}  // namespace

void ShuffleWriter::add(int64_t receiver, std::string_view record) {
  std::string& to = of_[size_t(receiver)];
  const auto n = uint32_t(record.size());
  to.append(reinterpret_cast<const char*>(&n), sizeof(n)).append(record);
  bytes_ += int64_t(sizeof(n) + record.size());
}

void ShuffleWriter::commit() {
  FrameWriter file(path_);
  std::vector<int64_t> places;
  for (const std::string& bytes : of_) places.push_back(bytes.empty() ? kNothing : file.add(bytes));
  const auto* begin = reinterpret_cast<const char*>(places.data());
  file.commit(file.add({begin, places.size() * sizeof(int64_t)}));
}

ShuffleFiles::ShuffleFiles(std::vector<std::string> paths) : paths_(std::move(paths)) {
  for (const std::string& path : paths_) {
    FrameReader file(path);
    places_.push_back(read_places(file));
  }
}

void ShuffleFiles::read(int64_t first, int64_t last, std::vector<std::string>& frames) const {
  for (size_t k = 0; k < paths_.size(); ++k) {
    FrameReader file(paths_[k]);
    for (int64_t i = first; i < last; ++i) {
      const int64_t place = places_[k][size_t(i)];
      if (place == kNothing) continue;
      file.go_to(place);
      ensure(file.next(frames.emplace_back()), "no frame where the index says");
    }
  }
}

Shuffled::Shuffled(const ShuffleFiles& files, int64_t first, int64_t last) {
  std::vector<Sortable> sorted;
  files.read(first, last, frames_);
  for (const std::string& frame : frames_)
    for (std::string_view rest = frame; !rest.empty();) {
      const uint32_t n = take_length(rest);
      sorted.push_back({head_of(rest.substr(0, n)), rest.substr(0, n)});
      rest.remove_prefix(n);
    }
  std::sort(sorted.begin(), sorted.end());
  records_.reserve(sorted.size());
  for (const Sortable& s : sorted) records_.push_back(s.record);
}

void append_sortable(std::string& bytes, uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) bytes += char(number >> shift);
}

uint64_t take_sortable(std::string_view& bytes) {
  ensure(bytes.size() >= 8, "a record ends early");
  const uint64_t number = head_of(bytes);
  bytes.remove_prefix(8);
  return number;
}
}  // namespace cambium
