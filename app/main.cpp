// The program: the one place where errors end.
#include <iostream>
#include <new>
#include <system_error>

#include <malloc.h>

#include "app/run.h"
#include "core/system/cancel.h"
#include "core/system/memory.h"
#include "core/system/threads.h"
#include "core/system/waiting.h"

namespace {
constexpr int64_t kLeastAddresses = 100'000'000;  // of a small model on two threads

// Before the records of operators and blocks are made, which takes memory too.
[[gnu::constructor(101)]] void before_records() {
  cambium::catch_exhaustion();
}

// Before AVX-512, oneDNN takes memory for every product and gives it back behind it. The C library
// would begin to keep such pieces, in each thread's own pool, and 10 MB more would be held than
// needed; with a threshold that does not move they go back to the system. It costs .5 % of a step.
void give_back_pieces_of_products() {
  constexpr int kThreshold = 128 << 10;
  if (!__builtin_cpu_supports("avx512f")) ::mallopt(M_MMAP_THRESHOLD, kThreshold);
}
}  // namespace

int main(int count, char** words) {
  using namespace cambium;
  if (count > 0) wait_asleep_where_busy(words);
  const std::vector<std::string> args(words + (count > 0), words + count);
  Terminal terminal(std::cout, std::cerr, detect_terminal());
  catch_signals();
  give_back_pieces_of_products();
  try {
    if (const auto limit = process_limit_bytes(); limit && *limit < kLeastAddresses)
      throw RuntimeError(
          str("ulimit allows this process ", *limit / 1'000'000,
              " MB of addresses, and it needs at least ", kLeastAddresses / 1'000'000, " MB"),
          "raise it: ulimit -v unlimited");
    return run(args, terminal);
  } catch (const InternalError& e) {
    return report_bug(e.what(), args, terminal);
  } catch (const Error& e) {
    return report_error(e, terminal);
  } catch (const std::bad_alloc&) {
    return report_error(out_of_memory(), terminal);
  } catch (const std::system_error& e) {  // a thread that the system refuses, or a path
    const bool thread = e.code() == std::errc::resource_unavailable_try_again;
    return report_error(
        RuntimeError(str("the system refuses: ", e.what()),
                     thread ? "use fewer --threads, or raise ulimit -u or -v" : "check the path"),
        terminal);
  } catch (const std::exception& e) {
    return report_bug(e.what(), args, terminal);
  }
}
