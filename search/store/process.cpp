#include "search/store/process.h"

#include <cerrno>
#include <filesystem>
#include <sstream>

#include <signal.h>
#include <unistd.h>

#include "core/system/files.h"

namespace cambium {
namespace {
struct ProcessState {
  char state;  // R, S, D, ... Z: ended and not yet waited for
  int64_t start;
};

// None: there is no such process, or the system does not show it.
std::optional<ProcessState> state_of(int64_t pid) {
  std::string text;
  try {
    text = read_file(str("/proc/", pid, "/stat"), 4096);
  } catch (const Error&) {
    return std::nullopt;
  }
  // "12 (its name, which may hold anything) S 1 2 ...": the state is field 3, the start field 22.
  const size_t name_end = text.rfind(')');
  if (name_end == text.npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 1));
  ProcessState out{};
  std::string skipped;
  fields >> out.state;
  for (int i = 4; i < 22; ++i) fields >> skipped;
  if (!(fields >> out.start)) return std::nullopt;
  return out;
}

std::string read_machine_id() {
  std::string boot = "?";
  try {
    boot = read_file("/proc/sys/kernel/random/boot_id", 36);
  } catch (const Error&) {
    boot = "?";  // then hosts of one name are told apart by their processes' starts alone
  }
  std::error_code none;
  return boot + " " + std::filesystem::read_symlink("/proc/self/ns/pid", none).string();
}

const std::string& machine_id() {
  static const std::string id = read_machine_id();
  return id;
}
}  // namespace

ProcessId own_process() {
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  const auto own = state_of(::getpid());
  return {::getpid(), own ? own->start : 0, machine_id(), host};
}

std::optional<bool> is_alive(const ProcessId& process) {
  if (process.machine != machine_id()) return std::nullopt;
  if (process.pid <= 0) return false;
  if (const auto now = state_of(process.pid))
    return now->start == process.start && now->state != 'Z' && now->state != 'X';
  if (::kill(pid_t(process.pid), 0) != 0 && errno == ESRCH) return false;
  return std::nullopt;
}
}  // namespace cambium
