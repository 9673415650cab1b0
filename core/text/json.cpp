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

// What is looked at while a text is parsed: depths, keys that stand twice, an object kept apart.
class Checks {
 public:
  Checks(const std::string& name, int depth, JsonPairs* apart)
      : name_(name), depth_(depth), apart_(apart) {}

  // False for what is not to be part of the answer.
  bool operator()(int level, Json::parse_event_t event, Json& value) {
    using Event = Json::parse_event_t;
    if (level > depth_) throw UserError(str("'", name_, "' nests deeper than ", depth_, " levels"));
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end) keys_.pop_back();
    if (event == Event::key) {
      path_.resize(size_t(level));
      path_.back() = value.get<std::string>();
      if (!keys_.back().insert(path_.back()).second)
        throw UserError(str("'", name_, "' has the key '", path_.back(), "' twice"));
    }
    if (!apart_ || path_.size() != 3 || level != 3 || path_[0] != apart_->of ||
        path_[1] != apart_->key)
      return true;
    if (event == Event::value) apart_->pairs.emplace_back(path_[2], value);
    return event != Event::key;
  }

 private:
  const std::string& name_;
  int depth_;
  JsonPairs* apart_;
  std::vector<std::set<std::string, std::less<>>> keys_;
  std::vector<std::string> path_;  // keys from the top to the value at hand
};

Json parsed(std::string_view text, const std::string& name, int depth, JsonPairs* apart) {
  Checks checks(name, depth, apart);
  const Json::parser_callback_t check = [&](int level, Json::parse_event_t event, Json& value) {
    return checks(level, event, value);
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

std::string json_text(const std::string& path) {
  std::string text = read_file(path, kLargestFile + 1);
  if (int64_t(text.size()) > kLargestFile)
    throw UserError(str("'", path, "' has more than ", kLargestFile, " bytes"),
                    "no file of ours is that large; is it another?");
  return text;
}
}  // namespace

Json parse_json(std::string_view text, const std::string& name, int depth) {
  return parsed(text, name, depth, nullptr);
}

Json load_json(const std::string& path) {
  return parse_json(json_text(path), path);
}

Json load_json(const std::string& path, JsonPairs& apart) {
  return parsed(json_text(path), path, 64, &apart);
}

std::string to_text(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}
}  // namespace cambium
