// OneThread: no team of threads while it lives. Steps of a few microseconds wait far longer for a
// busy machine's other core than they work.
#pragma once
#include "core/system/threads.h"

namespace cambium::test {
class OneThread : public ThreadCountScope {
 public:
  OneThread() : ThreadCountScope(1) {}
};
}  // namespace cambium::test
