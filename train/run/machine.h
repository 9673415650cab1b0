// Machine: what a run's bits depend on beside its spec.
#pragma once
#include <string>

namespace cambium {
// "cambium 0.1.0, avx512, 2 threads": runs resumed under equal text give equal bits.
std::string machine_text();

std::string cpu_name();  // as the system calls it; "unknown" when it does not say
}  // namespace cambium
