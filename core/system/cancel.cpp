#include "core/system/cancel.h"

#include <atomic>
#include <csignal>
#include <string_view>

#include <unistd.h>

namespace cambium {
namespace {
std::atomic<bool> requested = false;
std::atomic<int> scopes = 0;
static_assert(std::atomic<bool>::is_always_lock_free, "the signal handler needs it");

extern "C" void on_signal(int) {
  if (requested.exchange(true) || scopes == 0) _exit(130);
  constexpr std::string_view text = "\nstopping after this step; once more stops at once\n";
  [[maybe_unused]] const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
}
}  // namespace

CancelScope::CancelScope() {
  ++scopes;
}

CancelScope::~CancelScope() {
  --scopes;
}

void catch_signals() {
  struct sigaction action {};

  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // A file that passes ulimit -f is an error of the write, with the file's name.
  std::signal(SIGXFSZ, SIG_IGN);
}

bool cancel_requested() {
  return requested.load(std::memory_order_relaxed);
}
}  // namespace cambium
