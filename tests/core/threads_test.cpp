// A scope's number of threads ends with it, however it ends.
#include "core/system/threads.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace cambium::threads_test {
TEST(ThreadCountScope, GivesBackWhatWasThere) {
  const ThreadCountScope outer(3);
  try {
    const ThreadCountScope inner(2);
    EXPECT_EQ(thread_count(), 2);
    throw std::runtime_error("in the middle");
  } catch (const std::runtime_error&) {
    EXPECT_EQ(thread_count(), 3);
  }
}
}  // namespace cambium::threads_test
