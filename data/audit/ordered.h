// Ordered: results of tasks that end in any order, taken up in the order of the tasks.
#pragma once
#include <map>
#include <mutex>

namespace cambium {
// take(result) is called for task 0, 1, 2 ..., by one thread at a time.
template <class T, class Take> class Ordered {
 public:
  explicit Ordered(Take take) : take_(std::move(take)) {}

  void add(int64_t task, T result) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(task, std::move(result));
    for (auto at = waiting_.begin(); at != waiting_.end() && at->first == next_; ++next_) {
      take_(std::move(at->second));
      at = waiting_.erase(at);
    }
  }

 private:
  Take take_;
  std::mutex mutex_;
  std::map<int64_t, T> waiting_;
  int64_t next_ = 0;
};
}  // namespace cambium
