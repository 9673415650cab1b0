// Memory of the machine and of this process, in bytes.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "core/error.h"

namespace cambium {
// What can be allocated without swapping: MemAvailable, or less under a limit of a control group or
// of this process (ulimit -v, ulimit -d). -1 when the system does not say.
int64_t available_memory_bytes();
// What could be at best: the machine's memory, or the smallest such limit. -1 likewise.
int64_t total_memory_bytes();
// The limit that ulimit -v or -d sets for this process, if any.
std::optional<int64_t> process_limit_bytes();

// What to say when the system gives no more: how much is used, what the limit is, and a cure.
RuntimeError out_of_memory();

// RuntimeError when a limit on addresses (ulimit -v) leaves less than `bytes`. For the sake of
// libraries that crash where they get nothing; asks the system only where there is such a limit.
void require_address_room(int64_t bytes);

// Whether such a limit leaves so little that threads which can be done without must not be started:
// each takes its stack, and what it computes with others a team of its own.
bool is_address_room_scarce();

struct MemoryRoom {
  int64_t limit, available;
};

// The tightest of a control group and those it lies in. `groups` is the text of /proc/self/cgroup,
// `mount` where the groups are mounted: version 2, or 1 with its `memory` below.
std::optional<MemoryRoom> cgroup_room(const std::string& groups, const std::string& mount);

int64_t peak_resident_bytes();     // the most this process has used so far
int64_t current_resident_bytes();  // what it uses now
void release_free_memory();        // gives the system what was freed and not given back
}  // namespace cambium
