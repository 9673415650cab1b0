// Place lists: what tasks found out about drafts, for the judges of their parts.
#pragma once
#include <map>

#include "data/assembly/shuffle.h"

namespace cambium {
// A draft's place as one number, whose order is that of the drafts.
constexpr uint64_t place_of(int64_t part, int64_t index) {
  return uint64_t(part) << 32 | uint64_t(index);
}

constexpr int64_t part_of_place(uint64_t place) {
  return int64_t(place >> 32);
}

// A number of tasks that share records of so many bytes in all, each as much as fits in memory.
int64_t tasks_for(int64_t record_bytes);

// The task, of so many, that gets the records of a hash.
constexpr int64_t task_of(uint64_t hash, int64_t tasks) {
  return int64_t((unsigned __int128)(hash)*uint64_t(tasks) >> 64);
}
}  // namespace cambium
