#include "data/text/token_names.h"

#include <algorithm>

namespace cambium {
namespace {
int64_t vocabulary_size(const Dataset& data) {
  for (const auto& [name, value] : data.vars())
    if (const auto* n = std::get_if<int64_t>(&value.variant()); n && name == "vocab") return *n;
  return 0;
}

std::string name_of(const Dataset& data, const NamesTokens* named, int32_t id) {
  try {
    return named ? named->token_name(id) : data.decode(std::span(&id, 1));
  } catch (const UserError&) {  // an id that stands for no text
    return "";
  }
}
}  // namespace

std::vector<std::string> token_names(const Dataset& data) {
  const auto* named = dynamic_cast<const NamesTokens*>(&data);
  std::vector<std::string> out;
  for (int32_t id = 0; id < vocabulary_size(data); ++id) out.push_back(name_of(data, named, id));
  const bool text = std::ranges::any_of(out, [](const std::string& s) { return !s.empty(); });
  return text ? out : std::vector<std::string>();
}
}  // namespace cambium
