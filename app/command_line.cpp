#include "app/command_line.h"

#include <algorithm>
#include <cctype>

#include "app/cli.h"
#include "core/fields.h"
#include "core/text/number.h"
#include "core/text/suggest.h"

namespace cambium {
namespace {
int64_t whole_number(const std::string& option, const std::string& text, int64_t least) {
  int64_t value = 0;
  std::optional<ArgValue> number;
  try {
    number = read_number(text);
  } catch (const UserError& e) {
    throw UserError(str("'", option, "': ", e.what()), e.help);
  }
  if (!number) throw UserError(str("'", option, "' takes a whole number, got '", text, "'"));
  detail::assign(value, Arg{option, *number});
  require(value >= least, "'", option, "' must be at least ", least, ", got ", value);
  return value;
}
}  // namespace

void CommandLine::word(const std::string& name, std::string& to, std::string_view doc,
                       bool required) {
  CLI::Option* option = app_.add_option(name, to);
  if (required) option->required();
  words_.push_back({required ? name : str("[", name, "]"), "", std::string(doc)});
}

void CommandLine::words(const std::string& name, std::vector<std::string>& to, std::string_view doc,
                        bool required) {
  app_.add_option(name, to)->required(required);
  words_.push_back({name + "...", "", std::string(doc)});
}

void CommandLine::flag(const std::string& name, bool& to, std::string_view doc) {
  app_.add_flag(name, to);
  options_.push_back({name, "", std::string(doc)});
}

void CommandLine::add(const std::string& name, std::string_view value, std::string_view doc,
                      const std::function<void(const std::string&)>& take) {
  app_.add_option_function<std::string>(name, take)->type_name(std::string(value));
  options_.push_back({name, std::string(value), std::string(doc)});
}

void CommandLine::text(const std::string& name, std::string& to, std::string_view value,
                       std::string_view doc) {
  add(name, value, doc, [&to](const std::string& text) { to = text; });
}

void CommandLine::text(const std::string& name, std::optional<std::string>& to,
                       std::string_view value, std::string_view doc) {
  add(name, value, doc, [&to](const std::string& text) { to = text; });
}

void CommandLine::list(const std::string& name, std::vector<std::string>& to,
                       std::string_view value, std::string_view doc) {
  app_.add_option(name, to)->allow_extra_args(false);
  options_.push_back({name, std::string(value), std::string(doc)});
}

void CommandLine::whole(const std::string& name, int64_t& to, int64_t least, std::string_view doc) {
  add(name, "N", doc,
      [&to, name, least](const std::string& text) { to = whole_number(name, text, least); });
}

void CommandLine::whole(const std::string& name, std::optional<int64_t>& to, int64_t least,
                        std::string_view doc) {
  add(name, "N", doc,
      [&to, name, least](const std::string& text) { to = whole_number(name, text, least); });
}

void CommandLine::number(const std::string& name, double& to, double least, double most,
                         std::string_view doc) {
  add(name, "X", doc, [&to, name, least, most](const std::string& text) {
    const auto number = read_number(text);
    if (!number) throw UserError(str("'", name, "' takes a number, got '", text, "'"));
    detail::assign(to, Arg{name, *number});
    require(to >= least && to <= most, "'", name, "' must be between ", least, " and ", most,
            ", got ", to);
  });
}

void CommandLine::choice(const std::string& name, std::string& to, std::vector<std::string> choices,
                         std::string_view doc) {
  std::string shown;
  for (const std::string& c : choices) shown += str(shown.empty() ? "" : "|", c);
  add(name, shown, doc, [&to, name, choices = std::move(choices)](const std::string& text) {
    if (!std::ranges::count(choices, text))
      throw UserError(str("'", name, "' cannot be '", text, "'"), suggestion(text, choices));
    to = text;
  });
}

std::vector<std::string> CommandLine::option_names() const {
  std::vector<std::string> names = {"--help"};
  for (const OptionInfo& o : options_)
    names.push_back(o.name.starts_with("-") && o.name.find(',') != o.name.npos
                        ? o.name.substr(o.name.find(',') + 1)
                        : o.name);
  return names;
}

void CommandLine::check_names(const std::vector<std::string>& args) const {
  const std::vector<std::string> known = option_names();
  for (const std::string& arg : args) {
    if (arg == "--") return;
    const bool dashed = arg.size() > 1 && arg[0] == '-' && !std::isdigit(uint8_t(arg[1]));
    if (!dashed) continue;
    const std::string name = arg.substr(0, arg.find('='));
    if (!app_.get_option_no_throw(name))
      throw UserError(str("unknown option '", name, "'"), suggestion(name, known));
  }
}
}  // namespace cambium
