// Machine: what a run's bits depend on beside its spec.
#pragma once
#include <string>

namespace cambium {
// "cambium 0.1.0, avx512, 2 threads": runs resumed under equal text give equal bits.
std::string machine_text();

std::string instruction_set();  // "avx512": what its kernels are compiled for and chosen by
std::string build_text();       // "cambium 0.1.0, 12.2.0": this program and its compiler's version

std::string cpu_name();  // as the system calls it; "unknown" when it does not say
}  // namespace cambium
