#include "search/replay/search_folder.h"

#include <algorithm>

#include "core/hash.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "search/store/folder_content.h"

namespace cambium {
namespace {
constexpr std::string_view kCure = "choose another folder with -o, or remove this one";
constexpr size_t kMostShown = 40;  // letters of a value in an error

// "seed (was 0, is 1), space, what the table says"
std::string differences(const Json& before, const Json& now) {
  std::string out;
  Json all = now;
  for (const auto& [key, value] : before.items())
    if (!all.contains(key)) all[key] = Json();  // a section that the study has no more
  for (const auto& [key, value] : all.items()) {
    const Json was = before.contains(key) ? before[key] : Json();
    if (was == value) continue;
    out += out.empty() ? "" : ", ";
    if (key == "table") {
      out += "what the table says";
      continue;
    }
    const auto text = [](const Json& j) {
      return j.is_string() ? j.get<std::string>() : to_text(j);
    };
    const bool plain = (key == "method" || key == "seed" || key == "lag" || key == "objectives") &&
                       std::max(text(was).size(), text(value).size()) <= kMostShown;
    out += plain ? str(key, " (was ", text(was), ", is ", text(value), ")") : key;
  }
  return out;
}

// The results.json of a search; UserError for any other.
Json results_in(const std::string& folder) {
  const std::string path = folder + "/results.json";
  Json results;
  try {
    results = load_json(path);
  } catch (const UserError& e) {
    throw UserError(str("'", path, "' is not of a search: ", e.what()), std::string(kCure));
  }
  const bool known = results.is_object() && results.contains("identity") &&
                     results["identity"].is_object() && results.contains("trials") &&
                     results["trials"].is_array();
  if (!known)
    throw UserError(str("'", path, "' does not say of which search it is"), std::string(kCure));
  return results;
}
}  // namespace

Json identity_json(const TableStudy& study) {
  std::string objectives;
  for (const Objective& o : study.objectives)
    objectives += str(objectives.empty() ? "" : ", ", o.name, o.maximize ? " max" : " min");
  Json out = {{"table", hash_name(study.table->content_hash())},
              {"method", study.method->name},
              {"options", study.options.text()},
              {"lag", study.settings.lag},
              {"seed", study.settings.seed},
              {"objectives", objectives}};
  for (const auto& [section, text] : study.sections) out[section] = text;
  return out;
}

SearchFolder::SearchFolder(const std::string& folder, const TableStudy& study)
    : made_(folder), lock_(folder) {
  sweep_temporaries(folder);
  require_folder_for(FolderContent::kTableSearch, folder);
  if (!file_exists(folder + "/results.json")) return;
  const Json results = results_in(folder);
  const std::string changed = differences(results["identity"], identity_json(study));
  if (!changed.empty())
    throw UserError(str("'", folder, "' holds another search; these differ: ", changed),
                    std::string(kCure));
  trials_before_ = int64_t(results["trials"].size());
  if (trials_before_ > study.settings.trials)
    throw UserError(str("'", folder, "' holds ", trials_before_, " trials of this search, and ",
                        study.settings.trials, " are asked for"),
                    std::string(kCure));
}
}  // namespace cambium
