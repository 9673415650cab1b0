// Json item: an object of a JSON file, read with errors that say where in it they are.
#pragma once
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/text/json.h"

namespace cambium {
using NamedNumbers = std::vector<std::pair<std::string, double>>;  // in the file's order

// What a number is that a file does not hold.
inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

class JsonItem {
 public:
  // `json` must live as long. UserError when it is no object; `where` names it in errors.
  JsonItem(const Json& json, std::string where);

  // `otherwise` where the key is missing or null; UserError for another type.
  double number(const char* key, double otherwise = kUnknown) const;
  int64_t whole(const char* key, int64_t otherwise = 0) const;  // 4.0 is one too, 1e30 is not
  bool yes(const char* key, bool otherwise = false) const;

  std::string text(const char* key) const;         // of any value; empty where it is missing
  std::string needed_text(const char* key) const;  // UserError where it is missing

  // UserError when what stands there is no list of them; nothing where the key is missing.
  std::vector<JsonItem> items(const char* key) const;
  std::vector<std::string> texts(const char* key) const;
  JsonItem item(const char* key) const;  // an empty object where it is missing

  // The numbers of the object there; what is none is left out.
  NamedNumbers numbers(const char* key) const;

  const Json* find(const char* key) const;  // null counts as missing

  const Json& json() const { return json_; }

  const std::string& where() const { return where_; }

 private:
  const Json& list(const char* key) const;

  const Json& json_;
  std::string where_;
};
}  // namespace cambium
