// Subprocess: runs a program to its end with its input and output through pipes, under limits of
// time and memory.
#pragma once
#include <span>
#include <string>

#include "core/error.h"

namespace cambium {
struct ProcessLimits {
  double seconds = 5;
  int64_t memory_bytes = int64_t(2) << 30;   // of address space
  int64_t output_bytes = int64_t(64) << 20;  // RuntimeError above
};

struct ProcessResult {
  bool found = true;  // false: there is no such program
  bool timed_out = false;
  int exit_code = 0;  // 128 + signal when one ended it
  std::string out, err;
};

// `argv[0]` is looked up in PATH. The program and its children are killed when the time is up.
// RuntimeError when the system refuses a process.
ProcessResult run_process(std::span<const std::string> argv, std::string_view input,
                          const ProcessLimits& limits = {});
}  // namespace cambium
