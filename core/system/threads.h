// Threads: how many a piece of work takes; and threads and memory that a process may not get, found
// out before work is lost to it.
#pragma once
#include "core/system/parallel.h"

namespace cambium {
// RuntimeError when the system refuses as many threads as thread_count() says. Under a limit on
// addresses it also starts OpenMP's team, which would end the program where it fails later.
void start_threads();

// From here on, a crash or an exception that nobody may catch ends the program with exit code 2 and
// a message of memory, when memory is what is missing: libraries do not all check what they get.
void catch_exhaustion();

// thread_count() is `count` while it lives, and then what it was before, also when an error ends
// the scope.
class ThreadCountScope {
 public:
  explicit ThreadCountScope(int count) { set_thread_count(count); }

  ~ThreadCountScope() { set_thread_count(before_); }

  ThreadCountScope(const ThreadCountScope&) = delete;
  ThreadCountScope& operator=(const ThreadCountScope&) = delete;

 private:
  const int before_ = thread_count();
};
}  // namespace cambium
