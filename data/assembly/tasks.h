// Tasks: pieces of work that do not depend on one another, done side by side, each once.
#pragma once
#include <functional>

#include "core/error.h"

namespace cambium {
// Who does the work and who is told.
struct Workers {
  int64_t count = 1;                // threads
  std::function<bool()> stop = {};  // asked between tasks
  std::function<void(std::string_view stage, int64_t done, int64_t of)> progress = {};
};

// Thrown where stop() has answered true; what is done stays done.
struct Stopped : std::runtime_error {
  Stopped() : std::runtime_error("stopped") {}
};

// Calls run(i) for every i below n that done(i) denies. Of several errors that of the least i is
// thrown, so that it is the same for any number of workers, after running tasks have ended.
void run_tasks(const Workers& workers, std::string_view stage, int64_t n,
               const std::function<bool(int64_t)>& done, const std::function<void(int64_t)>& run);
}  // namespace cambium
