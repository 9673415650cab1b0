// Shuffle: records that tasks write, each for one of many receivers, who read what all tasks wrote
// for them. What a receiver finds depends on the records alone, once it has sorted them.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace cambium {
// One task's records; held in memory until commit().
class ShuffleWriter {
 public:
  ShuffleWriter(std::string path, int64_t receivers)
      : path_(std::move(path)), of_(size_t(receivers)) {}

  void add(int64_t receiver, std::string_view record);

  int64_t bytes() const { return bytes_; }  // held

  void commit();

 private:
  std::string path_;
  std::vector<std::string> of_;
  int64_t bytes_ = 0;
};

// Several tasks' files, with the places of their records.
class ShuffleFiles {
 public:
  explicit ShuffleFiles(std::vector<std::string> paths);

  // Appends the frame of each file that holds records for a receiver from `first` to `last` - 1.
  void read(int64_t first, int64_t last, std::vector<std::string>& frames) const;

 private:
  std::vector<std::string> paths_;
  std::vector<std::vector<int64_t>> places_;
};

// The records for receivers first to last - 1, in the order of their bytes.
class Shuffled {
 public:
  Shuffled(const ShuffleFiles& files, int64_t first, int64_t last);

  const std::vector<std::string_view>& records() const { return records_; }

 private:
  std::vector<std::string> frames_;
  std::vector<std::string_view> records_;
};

// Bytes whose order is that of the numbers.
void append_sortable(std::string& bytes, uint64_t number);
uint64_t take_sortable(std::string_view& bytes);
}  // namespace cambium
