#include "core/system/threads.h"

#include <csignal>
#include <exception>
#include <future>
#include <new>
#include <string_view>
#include <thread>
#include <vector>

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/system/memory.h"
#include "core/system/parallel.h"

namespace cambium {
namespace {
constexpr size_t kRoom = 16 << 20;  // more than any one request of the libraries we use

// Only what a signal handler may do.
[[noreturn]] void end_without_memory() {
  constexpr std::string_view text =
      "error: out of memory\n  help: close other programs, raise ulimit -v, or use a smaller "
      "model\n";
  [[maybe_unused]] const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
  ::_exit(2);
}

bool has_room() {
  void* p = ::mmap(nullptr, kRoom, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return false;
  ::munmap(p, kRoom);
  return true;
}

[[maybe_unused]] void on_crash(int signal) {
  if (!has_room()) end_without_memory();
  std::signal(signal, SIG_DFL);  // it happens again, and is what it is
}

void on_terminate() {
  try {
    if (const auto e = std::current_exception()) std::rethrow_exception(e);
  } catch (const std::bad_alloc&) {
    end_without_memory();
  } catch (...) {
    std::abort();
  }
  std::abort();
}
}  // namespace

void start_threads() {
  const int wanted = thread_count();
  std::promise<void> go;
  const std::shared_future<void> gate = go.get_future().share();
  std::vector<std::thread> team;
  std::exception_ptr refused;
  try {
    while (int(team.size()) < wanted - 1) team.emplace_back([gate] { gate.wait(); });
  } catch (const std::system_error&) {
    refused = std::current_exception();
  }
  go.set_value();
  const int got = int(team.size()) + 1;
  for (std::thread& t : team) t.join();
  if (refused)
    throw RuntimeError(str("the system gives this process ", got, " of ", wanted, " threads"),
                       str("use --threads ", got, ", or raise ulimit -u or -v"));
  if (!process_limit_bytes() || wanted == 1) return;
  if (is_address_room_scarce()) ::mallopt(M_ARENA_MAX, 1);  // one a thread reserves 64 MB each
#pragma omp parallel num_threads(wanted)
  {}
}

void catch_exhaustion() {
#if !__SANITIZE_ADDRESS__ && !__SANITIZE_THREAD__  // which tell more of a crash themselves
  // A stack that cannot grow is a crash too, so the handler has one of its own.
  static char stack[64 << 10];
  stack_t other = {};
  other.ss_sp = stack;
  other.ss_size = sizeof stack;
  ::sigaltstack(&other, nullptr);

  struct sigaction action {};

  action.sa_handler = on_crash;
  action.sa_flags = SA_ONSTACK;
  ::sigaction(SIGSEGV, &action, nullptr);
  ::sigaction(SIGBUS, &action, nullptr);
#endif
  std::set_terminate(on_terminate);
}
}  // namespace cambium
