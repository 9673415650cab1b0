// What the system says of memory: /proc and control groups.
#include "core/system/memory.h"
#include "tests/fuzz/target.h"

namespace cambium::fuzz_system {
extern const FuzzTarget fuzz_system = {
    .name = "system", .reads = {"core/system/memory.cpp"}, .run = [](std::string_view bytes) {
      const std::vector<std::string_view> parts = parts_of(bytes, 3);
      const std::string limit = file_of("cgroup/a/memory.max", parts[1]);
      file_of("cgroup/a/memory.current", parts[2]);
      cgroup_room(std::string(parts[0]), limit.substr(0, limit.find("/a/")));
    }};
}  // namespace cambium::fuzz_system
