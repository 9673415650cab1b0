// Machine: what a run's results and its memory depend on.
#pragma once
#include <cstdint>
#include <string>

namespace cambium {
// "cambium 0.1.0, avx512, 2 threads": runs resumed under equal text give equal bits.
std::string machine_text();

std::string cpu_name();  // as the system calls it; "unknown" when it does not say

int64_t available_memory_bytes();  // what can be had without swapping
int64_t total_memory_bytes();
int64_t peak_rss_bytes();  // the most this process has held
}  // namespace cambium
