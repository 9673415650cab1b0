#include "core/system/memory.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include <malloc.h>
#include <sys/resource.h>

#include "core/error.h"
#include "core/system/files.h"

namespace cambium {
namespace {
std::optional<std::string> text_of(const std::string& path) {
  try {
    return read_file(path);
  } catch (const Error&) {
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

// Cached file pages count as used in a group, but the kernel gives them back.
std::optional<MemoryRoom> room_of_group(const std::string& folder, bool version2) {
  const auto limit = number_in(folder + (version2 ? "/memory.max" : "/memory.limit_in_bytes"));
  const auto used = number_in(folder + (version2 ? "/memory.current" : "/memory.usage_in_bytes"));
  const auto cache = number_after(folder + "/memory.stat",
                                  version2 ? "\ninactive_file " : "\ntotal_inactive_file ");
  if (!limit || !used || *limit >= int64_t(1) << 60) return std::nullopt;
  return MemoryRoom{*limit, std::max<int64_t>(*limit - *used + cache.value_or(0), 0)};
}

void tighten(std::optional<MemoryRoom>& to, const std::optional<MemoryRoom>& by) {
  if (!by) return;
  if (!to) to = by;
  to->limit = std::min(to->limit, by->limit);
  to->available = std::min(to->available, by->available);
}

// The path of a hierarchy in /proc/self/cgroup, "0::/user/x" or "5:cpu,memory:/x"; empty: none.
std::string group_path(std::string_view groups, bool version2) {
  for (size_t begin = 0; begin < groups.size();) {
    const size_t end = std::min(groups.find('\n', begin), groups.size());
    const std::string_view line = groups.substr(begin, end - begin);
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    begin = end + 1;
    if (first == line.npos || second == line.npos) continue;
    const std::string controllers = str(",", line.substr(first + 1, second - first - 1), ",");
    const bool wanted = version2 ? controllers == ",," : controllers.find(",memory,") != line.npos;
    // Seen from inside a container, a group outside it has a path with `..`.
    if (wanted && line.find("..") == line.npos) return std::string(line.substr(second + 1));
  }
  return {};
}

std::optional<MemoryRoom> room_of_limit(int resource, std::string_view used_key) {
  struct rlimit limit = {};
  if (::getrlimit(__rlimit_resource_t(resource), &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return std::nullopt;
  const auto most = int64_t(std::min<rlim_t>(limit.rlim_cur, INT64_MAX));
  return MemoryRoom{most, std::max<int64_t>(most - kilobytes("/proc/self/status", used_key), 0)};
}

std::optional<MemoryRoom> process_room() {
  std::optional<MemoryRoom> room = room_of_limit(RLIMIT_AS, "VmSize:");
  tighten(room, room_of_limit(RLIMIT_DATA, "VmData:"));
  return room;
}

std::optional<MemoryRoom> limits_room() {
  std::optional<MemoryRoom> room = process_room();
  tighten(room, cgroup_room(text_of("/proc/self/cgroup").value_or(""), "/sys/fs/cgroup"));
  return room;
}
}  // namespace

std::optional<MemoryRoom> cgroup_room(const std::string& groups, const std::string& mount) {
  std::optional<MemoryRoom> room;
  for (const bool version2 : {true, false}) {
    const std::string root = version2 ? mount : mount + "/memory";
    std::string path = group_path(groups, version2);
    for (;; path.resize(path.rfind('/'))) {
      if (path == "/") path.clear();
      tighten(room, room_of_group(root + path, version2));
      if (path.empty() || path.rfind('/') == path.npos) break;
    }
  }
  return room;
}

std::optional<int64_t> process_limit_bytes() {
  const auto room = process_room();
  return room ? std::optional(room->limit) : std::nullopt;
}

int64_t available_memory_bytes() {
  const int64_t machine = kilobytes("/proc/meminfo", "MemAvailable:");
  const auto room = limits_room();
  if (!room) return machine;
  return machine < 0 ? room->available : std::min(machine, room->available);
}

int64_t total_memory_bytes() {
  const int64_t machine = kilobytes("/proc/meminfo", "MemTotal:");
  const auto room = limits_room();
  if (!room) return machine;
  return machine < 0 ? room->limit : std::min(machine, room->limit);
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

void require_address_room(int64_t bytes) {
  const auto room = process_room();
  if (room && room->available < bytes) throw out_of_memory();
}

bool is_address_room_scarce() {
  const auto room = process_room();
  return room && room->available < int64_t(512) << 20;
}

RuntimeError out_of_memory() {
  constexpr int64_t kMegabyte = 1'000'000;
  const auto limit = process_limit_bytes();
  const std::string used = str(current_resident_bytes() / kMegabyte, " MB are in use");
  if (limit)
    return RuntimeError(str("out of memory: ", used, ", and ulimit allows this process ",
                            *limit / kMegabyte, " MB of addresses"),
                        "raise it (ulimit -v unlimited), or use a smaller model");
  return RuntimeError(
      str("out of memory: ", used, ", ", available_memory_bytes() / kMegabyte, " MB are free"),
      "close other programs, or use a smaller model or batch");
}
}  // namespace cambium
