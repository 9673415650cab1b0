#include "core/memory.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include <malloc.h>

#include "core/error.h"
#include "core/files.h"

namespace cambium {
namespace {
std::optional<std::string> text_of(const std::string& path) {
  try {
    return read_file(path);
  } catch (const RuntimeError&) {
    return std::nullopt;
  }
}

std::optional<int64_t> number_at(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc{}) return std::nullopt;
  return value;
}

// The number after a key, such as "MemAvailable:   123 kB" in /proc/meminfo.
std::optional<int64_t> number_after(const std::string& path, std::string_view key) {
  const auto text = text_of(path);
  const size_t at = text ? text->find(key) : std::string::npos;
  if (at == std::string::npos) return std::nullopt;
  return number_at(std::string_view(*text).substr(at + key.size()));
}

int64_t kilobytes(const std::string& path, std::string_view key) {
  const auto value = number_after(path, key);
  return value ? *value * 1024 : -1;
}

std::optional<int64_t> number_in(const std::string& path) {
  const auto text = text_of(path);
  return text ? number_at(*text) : std::nullopt;
}

// What the control group still allows (version 2, then 1). Cached file pages count as used there,
// but the kernel gives them back.
std::optional<int64_t> cgroup_available() {
  const auto limit2 = number_in("/sys/fs/cgroup/memory.max");
  const auto used2 = number_in("/sys/fs/cgroup/memory.current");
  const auto cache2 = number_after("/sys/fs/cgroup/memory.stat", "inactive_file ");
  if (limit2 && used2) return *limit2 - *used2 + cache2.value_or(0);
  const auto limit1 = number_in("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  const auto used1 = number_in("/sys/fs/cgroup/memory/memory.usage_in_bytes");
  const auto cache1 = number_after("/sys/fs/cgroup/memory/memory.stat", "total_inactive_file ");
  if (limit1 && used1 && *limit1 < (int64_t(1) << 60)) return *limit1 - *used1 + cache1.value_or(0);
  return std::nullopt;
}
}  // namespace

int64_t available_memory_bytes() {
  const int64_t machine = kilobytes("/proc/meminfo", "MemAvailable:");
  const auto group = cgroup_available();
  if (!group) return machine;
  const int64_t allowed = std::max<int64_t>(*group, 0);
  return machine < 0 ? allowed : std::min(machine, allowed);
}

int64_t total_memory_bytes() {
  return kilobytes("/proc/meminfo", "MemTotal:");
}

int64_t peak_resident_bytes() {
  return kilobytes("/proc/self/status", "VmHWM:");
}

int64_t current_resident_bytes() {
  return kilobytes("/proc/self/status", "VmRSS:");
}

void release_free_memory() {
  malloc_trim(0);
}
}  // namespace cambium
