#include "core/system/waiting.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

#include <unistd.h>

namespace cambium {
namespace {
constexpr int kLooks = 5;  // a millisecond apart: what only wakes up for a moment is no work

// Threads that run or want to, of all processes, but for this one; 0 where the system does not say.
int64_t others_at_work() {
  std::ifstream file("/proc/loadavg");
  std::string one, five, fifteen, running;
  if (!(file >> one >> five >> fifteen >> running)) return 0;
  return std::max<int64_t>(0, std::atoll(running.c_str()) - 1);
}

bool is_busy() {
  int64_t least = others_at_work();
  for (int look = 1; look < kLooks && least > 0; ++look) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    least = std::min(least, others_at_work());
  }
  return least > 0;
}

bool asks_for_one_thread(char** words) {
  for (char** w = words; *w; ++w) {
    const std::string_view word = *w;
    if (word == "--threads=1" || (word == "--threads" && w[1] && std::string_view(w[1]) == "1"))
      return true;
  }
  return false;
}
}  // namespace

void wait_asleep_where_busy(char** words) {
  if (std::getenv("OMP_WAIT_POLICY") || std::getenv("GOMP_SPINCOUNT")) return;
  if (asks_for_one_thread(words) || !is_busy()) return;
  // OpenMP reads it before main begins. By its own path, since ps calls a process what was started.
  std::error_code none;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe", none).string();
  if (!program.empty() && ::setenv("OMP_WAIT_POLICY", "passive", 1) == 0)
    ::execv(program.c_str(), words);
}
}  // namespace cambium
