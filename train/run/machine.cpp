#include "train/run/machine.h"

#include <fstream>

#include "core/system/parallel.h"
#include "core/text/format.h"
#include "core/version.h"
#include "ops/support/dnnl.h"

namespace cambium {
std::string machine_text() {
#if defined(__x86_64__)
  const char* isa = has_matrix_tiles()                  ? "avx512 with amx"
                    : __builtin_cpu_supports("avx512f") ? "avx512"
                    : __builtin_cpu_supports("avx2")    ? "avx2"
                                                        : "x86-64";
#else
  const char* isa = "generic";
#endif
  const int threads = thread_count();
  return str("cambium ", kVersion, ", ", isa, ", ", threads, threads == 1 ? " thread" : " threads");
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
