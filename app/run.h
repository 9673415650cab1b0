// Run: from the words of a command line to an exit code.
#pragma once
#include <string>
#include <vector>

#include "app/command.h"
#include "core/error.h"

namespace cambium {
// Usage errors have sysexits.h's EX_USAGE, so that a script can tell a wrong command line from a
// wrong spec.
constexpr int kExitOk = 0, kExitUser = 1, kExitRuntime = 2, kExitInternal = 3, kExitUsage = 64,
              kExitInterrupted = 130;

struct UsageError : UserError {
  using UserError::UserError;
};  // the command line is wrong, not a file that it names

// Parses and runs; args exclude the program's name. Throws Error.
int run(const std::vector<std::string>& args, Terminal& terminal);

// Reports an error as text or, under --json, as JSON, and answers its exit code.
int report_error(const Error& error, Terminal& terminal);
// Message, place, help and notes.
Json error_json(const Error& e);

int report_bug(std::string_view what, const std::vector<std::string>& args, Terminal& terminal);

std::string help_text();                        // of the program
std::string help_text(const Command& command);  // of one command
}  // namespace cambium
