#include "train/run/machine.h"

#include <fstream>

#include "core/system/parallel.h"
#include "core/text/format.h"
#include "core/version.h"
#include "ops/support/dnnl.h"

namespace cambium {
std::string instruction_set() {
#if defined(__x86_64__)
  return has_matrix_tiles()                  ? "avx512 with amx"
         : __builtin_cpu_supports("avx512f") ? "avx512"
         : __builtin_cpu_supports("avx2")    ? "avx2"
                                             : "x86-64";
#else
  return "generic";
#endif
}

std::string machine_text() {
  const int threads = thread_count();
  return str("cambium ", kVersion, ", ", instruction_set(), ", ", threads,
             threads == 1 ? " thread" : " threads");
}

std::string build_text() {
  return str("cambium ", kVersion, ", ", __VERSION__);
}

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) {
      const size_t colon = line.find(": ");
      if (colon != std::string::npos) return line.substr(colon + 2);
    }
  return "unknown";
}
}  // namespace cambium
