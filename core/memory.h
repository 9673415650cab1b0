// Memory of the machine and of this process, in bytes.
#pragma once
#include <cstdint>

namespace cambium {
// What can be allocated without swapping: MemAvailable, or less under a cgroup's limit. -1 when the
// system does not say.
int64_t available_memory_bytes();
int64_t total_memory_bytes();
int64_t peak_resident_bytes();     // the most this process has used so far
int64_t current_resident_bytes();  // what it uses now
void release_free_memory();        // gives the system what was freed and not given back
}  // namespace cambium
