// Who works on a trial: a process, told apart from a later one that got the same number.
#pragma once
#include <optional>
#include <string>

#include "core/error.h"

namespace cambium {
struct ProcessId {
  int64_t pid = 0;
  int64_t start = 0;  // in ticks since the machine was started
  std::string
      machine;       // this start of it, and which of its sets of processes (containers have one)
  std::string host;  // for people

  bool operator==(const ProcessId&) const = default;
};

ProcessId own_process();

// Whether it still runs; one that was killed and not yet waited for does not. None: it cannot be
// seen from here, being another machine's or container's, or of before the machine was last
// started.
std::optional<bool> is_alive(const ProcessId& process);
}  // namespace cambium
