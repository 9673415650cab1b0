// Workers view: those who do the work of a command on corpora, and how far they are.
#pragma once
#include "app/terminal.h"
#include "data/assembly/tasks.h"

namespace cambium {
// `jobs` threads, one a core where it is 0; stopped by Ctrl-C; `progress` as --progress has it.
Workers workers_of(int64_t jobs, const std::string& progress, Terminal& terminal);
}  // namespace cambium
