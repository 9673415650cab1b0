#include "core/text/json.h"

#include <algorithm>
#include <set>

#include "core/system/files.h"

namespace cambium {
namespace {
constexpr int64_t kLargestFile = 64 << 20;  // its tree takes some ten times as much

Mark mark_at(std::string_view text, size_t byte, const std::string& name) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  const auto line = std::ranges::count(before, '\n') + 1;
  const size_t newline = before.rfind('\n');
  const size_t column = newline == before.npos ? before.size() : before.size() - newline - 1;
  return {name, int(line), int(column) + 1, 1};
}
}  // namespace

Json parse_json(std::string_view text, const std::string& name, int depth) {
  std::vector<std::set<std::string, std::less<>>> keys;
  const Json::parser_callback_t check = [&](int level, Json::parse_event_t event, Json& value) {
    using Event = Json::parse_event_t;
    if (level > depth) throw UserError(str("'", name, "' nests deeper than ", depth, " levels"));
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(value.get<std::string>()).second)
      throw UserError(str("'", name, "' has the key '", value.get<std::string>(), "' twice"));
    return true;
  };
  try {
    return Json::parse(text, check);
  } catch (const Json::parse_error& e) {
    throw UserError(str("'", name, "' is not valid JSON"), "write or copy the file again",
                    mark_at(text, e.byte ? e.byte - 1 : 0, name));
  } catch (const Json::exception&) {  // numbers outside double
    throw UserError(str("'", name, "' is not valid JSON"), "write or copy the file again");
  }
}

Json load_json(const std::string& path) {
  const std::string text = read_file(path, kLargestFile + 1);
  if (int64_t(text.size()) > kLargestFile)
    throw UserError(str("'", path, "' has more than ", kLargestFile, " bytes"),
                    "no file of ours is that large; is it another?");
  return parse_json(text, path);
}

std::string to_text(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}
}  // namespace cambium
