// What documents say of themselves.
#include <algorithm>
#include <optional>

#include "data/audit/record.h"
#include "data/curation/support/languages.h"

namespace cambium {
uint16_t place_in(std::vector<std::string>& names, std::string_view name) {
  const auto at = std::ranges::find(names, name);
  if (at != names.end()) return uint16_t(at - names.begin());
  names.emplace_back(name);
  return uint16_t(names.size() - 1);
}

namespace {
constexpr size_t kMostMetaKeys = 32, kMostMetaValues = 4096;

// The value of one key of a document's meta as a slice is called; none for lists and objects.
std::optional<std::string> meta_value(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return to_text(value);
  return std::nullopt;
}

}  // namespace

DocumentMeta meta_of(const std::string& text, bool packed) {
  DocumentMeta out;
  if (text.empty()) return out;
  Json all = Json::parse(text);
  if (packed) all = all.contains("meta") ? Json(all["meta"]) : Json::object();
  if (!all.is_object()) return out;
  for (const auto& [key, value] : all.items())
    if (const auto v = meta_value(value)) out[key] = v->substr(0, 200);
  return out;
}

void add_meta(Records& all, const std::vector<DocumentMeta>& meta, size_t before) {
  for (const auto& document : meta)
    for (const auto& [key, value] : document)
      if (!all.meta.contains(key) && all.meta.size() < kMostMetaKeys) all.meta[key] = {};
  for (auto& [key, column] : all.meta) {
    column.of.resize(before + meta.size(), MetaColumn::kNone);
    for (size_t i = 0; i < meta.size(); ++i) {
      const auto value = meta[i].find(key);
      if (value == meta[i].end()) continue;
      const bool room = column.values.size() < kMostMetaValues ||
                        std::ranges::count(column.values, value->second) > 0;
      column.of[before + i] = room ? place_in(column.values, value->second) : MetaColumn::kOther;
    }
  }
}

std::string language_name(std::string_view text) {
  const FoundLanguage found = language_of(text);
  return std::string_view(found.code) == "un" ? "unknown" : found.code;
}
}  // namespace cambium
