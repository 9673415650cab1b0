// Threads and memory that a process may not get: found out before work is lost to it.
#pragma once

namespace cambium {
// RuntimeError when the system refuses as many threads as thread_count() says. Under a limit on
// addresses it also starts OpenMP's team, which would end the program where it fails later.
void start_threads();

// From here on, a crash or an exception that nobody may catch ends the program with exit code 2 and
// a message of memory, when memory is what is missing: libraries do not all check what they get.
void catch_exhaustion();
}  // namespace cambium
