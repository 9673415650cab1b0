// CommandLine: the words and options one command takes, declared once for parsing, for help and
// for suggestions.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace CLI {
class App;
}

namespace cambium {
struct OptionInfo {  // what help prints
  std::string name, value, doc;
};

// The targets must stay where they are until the command has run.
class CommandLine {
 public:
  explicit CommandLine(CLI::App& app) : app_(app) {}

  // Words without dashes, in this order.
  void word(const std::string& name, std::string& to, std::string_view doc, bool required = true);
  void words(const std::string& name, std::vector<std::string>& to, std::string_view doc,
             bool required = true);

  void flag(const std::string& name, bool& to, std::string_view doc);
  void text(const std::string& name, std::string& to, std::string_view value, std::string_view doc);
  void text(const std::string& name, std::optional<std::string>& to, std::string_view value,
            std::string_view doc);
  // May be given several times; each takes one value.
  void list(const std::string& name, std::vector<std::string>& to, std::string_view value,
            std::string_view doc);
  void whole(const std::string& name, int64_t& to, int64_t least, std::string_view doc);
  void whole(const std::string& name, std::optional<int64_t>& to, int64_t least,
             std::string_view doc);
  void number(const std::string& name, double& to, double least, double most, std::string_view doc);
  void choice(const std::string& name, std::string& to, std::vector<std::string> choices,
              std::string_view doc);

  const std::vector<OptionInfo>& words() const { return words_; }

  const std::vector<OptionInfo>& options() const { return options_; }

  std::vector<std::string> option_names() const;
  // Refuses options that are not declared, with the nearest names, before the parser sees them.
  void check_names(const std::vector<std::string>& args) const;

 private:
  void add(const std::string& name, std::string_view value, std::string_view doc,
           const std::function<void(const std::string&)>& take);

  CLI::App& app_;
  std::vector<OptionInfo> words_, options_;
};
}  // namespace cambium
