#include "data/assembly/tasks.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace cambium {
namespace {
struct State {
  std::mutex mutex;
  int64_t next = 0, finished = 0, failed = INT64_MAX;
  bool stopped = false;
  std::exception_ptr error;
};
}  // namespace

void run_tasks(const Workers& workers, std::string_view stage, int64_t n,
               const std::function<bool(int64_t)>& done, const std::function<void(int64_t)>& run) {
  State state;
  const auto tell = [&] {  // under the mutex
    if (workers.progress) workers.progress(stage, state.finished, n);
  };
  const auto stops = [&] {
    const std::lock_guard lock(state.mutex);
    state.stopped |= workers.stop && workers.stop();
    return state.stopped;
  };
  const auto work = [&] {
    for (;;) {
      int64_t mine = 0;
      {
        const std::lock_guard lock(state.mutex);
        // Tasks start in their order, so that all before a failed one have started.
        if (state.next >= n || state.stopped || state.error) return;
        mine = state.next++;
      }
      try {
        if (!done(mine)) {
          if (stops()) return;
          run(mine);
        }
      } catch (...) {
        const std::lock_guard lock(state.mutex);
        if (mine < state.failed) {
          state.failed = mine;
          state.error = std::current_exception();
        }
        continue;
      }
      const std::lock_guard lock(state.mutex);
      ++state.finished;
      tell();
    }
  };
  std::vector<std::jthread> team;
  for (int64_t i = 1; i < std::min(workers.count, n); ++i) team.emplace_back(work);
  work();
  team.clear();  // waits
  if (state.error) std::rethrow_exception(state.error);
  if (state.stopped) throw Stopped();
}
}  // namespace cambium
