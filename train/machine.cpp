#include "train/machine.h"

#include <fstream>
#include <limits>

#include "core/format.h"
#include "core/parallel.h"
#include "core/version.h"

namespace cambium {
namespace {
// The text after "key:" in a file of such lines, or nothing.
std::string value_of(const char* path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return {};
}

int64_t kilobytes_of(const char* path, std::string_view key, int64_t fallback) {
  const std::string text = value_of(path, key);
  return text.empty() ? fallback : 1024 * std::strtoll(text.c_str(), nullptr, 10);
}
}  // namespace

std::string machine_text() {
#if defined(__x86_64__)
  const char* isa = __builtin_cpu_supports("avx512f") ? "avx512"
                    : __builtin_cpu_supports("avx2")  ? "avx2"
                                                      : "x86-64";
#else
  const char* isa = "generic";
#endif
  const int threads = thread_count();
  return str("cambium ", kVersion, ", ", isa, ", ", threads, threads == 1 ? " thread" : " threads");
}

std::string cpu_name() {
  const std::string name = value_of("/proc/cpuinfo", "model name");
  return name.empty() ? "unknown" : name;
}

int64_t available_memory_bytes() {
  return kilobytes_of("/proc/meminfo", "MemAvailable", std::numeric_limits<int64_t>::max());
}

int64_t total_memory_bytes() {
  return kilobytes_of("/proc/meminfo", "MemTotal", 0);
}

int64_t peak_rss_bytes() {
  return kilobytes_of("/proc/self/status", "VmHWM", 0);
}
}  // namespace cambium
