// OneThread: no team of threads while it lives. Steps of a few microseconds wait far longer for a
// busy machine's other core than they work.
#pragma once
#include "core/system/parallel.h"

namespace cambium::test {
class OneThread {
 public:
  OneThread() { set_thread_count(1); }

  ~OneThread() { set_thread_count(before_); }

  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  const int before_ = thread_count();
};
}  // namespace cambium::test
