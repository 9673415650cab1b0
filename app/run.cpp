#include "app/run.h"

#include <algorithm>
#include <thread>

#include "app/cli.h"
#include "app/tables/table.h"
#include "core/diagnostics.h"
#include "core/system/parallel.h"
#include "core/system/threads.h"
#include "core/text/json.h"
#include "core/text/suggest.h"
#include "core/text/utf8.h"
#include "core/version.h"
#include "train/run/machine.h"

namespace cambium {
namespace {
struct CommonOptions {
  std::vector<std::string> set;
  bool json = false;
  int64_t threads = 0;
};

void declare_common(const Command& command, CommandLine& line, CommonOptions& common) {
  if (command.takes_set)
    line.list("--set", common.set, "PATH=VALUE",
              "replace a value of the spec, such as train.batch=64; repeatable");
  line.whole("--threads", common.threads, 1, "threads to use; all cores unless told");
  line.flag("--json", common.json, "answer in JSON");
}

// More threads than cores give the bits of a larger machine, and are slow: said, not forbidden.
void use_threads(int64_t asked, Terminal& terminal) {
  constexpr int64_t kMost = 1024;
  const int64_t threads = std::min(asked, kMost);
  const auto cores = int64_t(std::thread::hardware_concurrency());
  if (cores > 0 && asked > cores)
    terminal.note(str("note    --threads ", asked, " is more than this machine's ", cores,
                      cores == 1 ? " core" : " cores", ": steps get slower, not faster",
                      threads < asked ? str("; ", kMost, " are used") : std::string()));
  set_thread_count(int(threads));
}

// The commands whose names begin with this word: `data` has several.
std::vector<const Command*> group_of(const std::string& word) {
  std::vector<const Command*> group;
  for (const Command* c : builtin_commands())
    if (c->name.starts_with(word + " ")) group.push_back(c);
  return group;
}

struct FoundCommand {
  const Command& command;
  size_t words;  // of its name
};

FoundCommand find_command(std::span<const std::string> args) {
  const std::string& name = args[0];
  const std::vector<const Command*> group = group_of(name);
  std::vector<std::string> known;
  for (const Command* c : group) {
    const std::string_view second = c->name.substr(name.size() + 1);
    if (args.size() > 1 && second == args[1]) return {*c, 2};
    known.emplace_back(second);
  }
  if (!group.empty())
    throw UsageError(
        args.size() > 1 ? str("unknown command '", name, " ", args[1], "'")
                        : str("cambium ", name, " needs to be told what to do"),
        args.size() > 1 ? suggestion(args[1], known) : str("known: ", join_names(known, ", ")));
  for (const Command* c : builtin_commands()) {
    if (c->name == name) return {*c, 1};
    if (const std::string word(c->name.substr(0, c->name.find(' ')));
        known.empty() || known.back() != word)
      known.push_back(word);
  }
  throw UsageError(str("unknown command '", name, "'"), suggestion(name, known));
}

std::string group_help(const std::string& word, std::span<const Command* const> group) {
  Table table;
  for (const Command* c : group) table.row({str("  ", c->name), std::string(c->doc)});
  return str("usage: cambium ", word, " COMMAND ...\n\ncommands\n", table.text(), "\n`cambium ",
             word, " COMMAND --help` shows options and examples\n");
}

bool asks_for_help(const std::string& word) {
  return word == "--help" || word == "-h";
}

// CLI11's complaints in our words.
[[noreturn]] void translate(const CLI::ParseError& e, const Command& command) {
  const std::string usage = str("`cambium ", command.name, " --help` shows how");
  const std::string text = e.what();
  const std::string subject = text.substr(0, text.find_first_of(": "));
  if (dynamic_cast<const CLI::RequiredError*>(&e))
    throw UserError(str("cambium ", command.name, " needs ", subject), usage);
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&e))
    throw UserError(str("'", subject, "' needs one value"), usage);
  if (dynamic_cast<const CLI::ExtrasError*>(&e)) {
    const size_t colon = text.rfind(": ");
    throw UserError(str("unexpected '", colon == text.npos ? text : text.substr(colon + 2), "'"),
                    usage);
  }
  throw UserError(str("cannot read the command line: ", text), usage);
}

// What reading the command line finds wrong with it.
template <class F> void as_usage(const F& read) {
  try {
    read();
  } catch (const UserError& e) {
    throw UsageError(e.what(), e.help, e.mark);
  }
}

std::string whole_line(const std::vector<std::string>& args) {
  std::string out = "cambium";
  for (const std::string& a : args) {
    const bool plain = !a.empty() && std::ranges::all_of(a, [](char c) {
      return std::isalnum(uint8_t(c)) || std::string_view("-_./=:,").find(c) != std::string::npos;
    });
    out += plain ? str(" ", a) : str(" '", a, "'");
  }
  return out;
}

Json place_json(const Mark& m) {
  if (!m.known()) return nullptr;
  return {{"file", m.file}, {"line", m.line}, {"column", m.column}, {"length", m.length}};
}

std::string option_table(const std::vector<OptionInfo>& options) {
  Table table;
  for (const OptionInfo& o : options)
    table.row({str("  ", o.name, o.value.empty() ? "" : " ", o.value), o.doc});
  return table.text();
}
}  // namespace

Json error_json(const Error& e) {
  Json j = {
      {"message", shortened(e.what())}, {"place", place_json(e.mark)}, {"help", shortened(e.help)}};
  j["notes"] = Json::array();
  for (const Note& n : e.notes)
    j["notes"].push_back({{"message", shortened(n.text)}, {"place", place_json(n.mark)}});
  return j;
}

std::string help_text() {
  Table table;
  for (const Command* c : builtin_commands()) table.row({str("  ", c->name), std::string(c->doc)});
  return str(
      "cambium ", kVersion,
      ": explore hybrid neural architectures on ordinary CPUs\n\nusage: cambium COMMAND "
      "...\n\ncommands\n",
      table.text(),
      "\n`cambium COMMAND --help` shows options and examples, `cambium explain` lists what a "
      "spec can\nsay, `cambium --version` says which program this is; exit codes: `cambium "
      "explain exit`\n");
}

std::string help_text(const Command& command) {
  CLI::App app;
  CommandLine line(app);
  CommonOptions common;
  const Action keep_alive = command.declare(line);
  declare_common(command, line, common);
  std::string usage = str("usage: cambium ", command.name);
  for (const OptionInfo& w : line.words()) usage += " " + w.name;
  std::string out = str(command.doc, "\n\n", usage, " [options]\n\n", option_table(line.words()),
                        line.words().empty() ? "" : "\n", "options\n", option_table(line.options()),
                        "\nexamples\n");
  for (std::string_view e : command.examples) out += str("  ", e, "\n");
  return out;
}

int run(const std::vector<std::string>& args, Terminal& terminal) {
  terminal.json = std::ranges::count(args, "--json") > 0;
  if (args.empty() || asks_for_help(args[0]) || args[0] == "help") {
    const std::span<const std::string> of = std::span(args).subspan(args.empty() ? 0 : 1);
    terminal.print(of.empty() ? help_text()
                   : of.size() == 1 && !group_of(of[0]).empty()
                       ? group_help(of[0], group_of(of[0]))
                       : help_text(find_command(of).command));
    return kExitOk;
  }
  if (args[0] == "--version") {
    terminal.print(str("cambium ", kVersion, "\n"));
    return kExitOk;
  }
  if (const auto group = group_of(args[0]);
      !group.empty() && args.size() == 2 && asks_for_help(args[1])) {
    terminal.print(group_help(args[0], group));
    return kExitOk;
  }
  const auto [command, words] = find_command(args);
  const std::vector<std::string> rest(args.begin() + ptrdiff_t(words), args.end());
  if (std::ranges::any_of(rest, asks_for_help)) {
    terminal.print(help_text(command));
    return kExitOk;
  }
  CLI::App app;
  app.set_help_flag();
  CommandLine line(app);
  CommonOptions common;
  const Action action = command.declare(line);
  declare_common(command, line, common);
  as_usage([&] {
    line.check_names(rest);
    try {
      app.parse(std::vector<std::string>(rest.rbegin(), rest.rend()));  // CLI11 pops from the back
    } catch (const CLI::ParseError& e) {
      translate(e, command);
    }
  });
  if (common.threads > 0) use_threads(common.threads, terminal);
  start_threads();
  terminal.overrides = common.set;
  Context context{terminal, common.set, whole_line(args)};
  return action(context);
}

int report_error(const Error& error, Terminal& terminal) {
  if (terminal.json) {
    Json errors = Json::array();
    const auto* several = dynamic_cast<const UserErrors*>(&error);
    if (several)
      for (size_t i = 0; i < std::min(several->all.size(), kMostErrors); ++i)
        errors.push_back(error_json(several->all[i]));
    else
      errors.push_back(error_json(error));
    terminal.print(to_text(Json{{"ok", false}, {"errors", errors}}, 2) + "\n");
  } else {
    terminal.raw_note(
        render(error, {.color = terminal.traits().color, .overrides = terminal.overrides}));
  }
  if (dynamic_cast<const UsageError*>(&error)) return kExitUsage;
  return dynamic_cast<const UserError*>(&error) ? kExitUser : kExitRuntime;
}

int report_bug(std::string_view what, const std::vector<std::string>& args, Terminal& terminal) {
  terminal.raw_note(str("error: cambium made a mistake: ", printable(what),
                        "\n\nPlease report it with this block:\n  version  ", machine_text(),
                        "\n  cpu      ", cpu_name(), "\n  command  ", printable(whole_line(args)),
                        "\n  message  ", printable(what), "\n"));
  return kExitInternal;
}
}  // namespace cambium
