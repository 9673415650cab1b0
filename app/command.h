// Command: one word after `cambium`; one file in app/commands/ defines one.
#pragma once
#include <span>

#include "app/command_line.h"
#include "app/terminal.h"
#include "core/text/json_forward.h"

namespace cambium {
// What a running command may use. `set` holds the --set overrides of commands that take a spec.
struct Context {
  Terminal& terminal;
  std::vector<std::string> set;
  std::string command;  // the whole command line, for records

  // Prints the JSON under --json, else the text.
  void answer(const Json& json, std::string_view text);
};

// Does the work and answers the exit code; throws Error.
using Action = std::function<int(Context&)>;

struct Command {
  std::string_view name, doc;
  std::vector<std::string_view> examples;  // whole lines
  bool takes_set = false;                  // --set PATH=VALUE
  Action (*declare)(CommandLine&) = nullptr;
};

std::span<const Command* const> builtin_commands();
}  // namespace cambium
