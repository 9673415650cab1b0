#include "search/store/folder_content.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "core/error.h"

namespace cambium {
namespace {
// Without hidden files, locks and what a study leaves that is ended before it has written anything.
std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(".") && name != "study.lock" && name != "timing") names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

FolderContent content_of(const std::vector<std::string>& names) {
  const auto has = [&](const char* name) { return std::ranges::count(names, name) > 0; };
  if (names.empty()) return FolderContent::kNothing;
  if (has("mixtures.json")) return FolderContent::kMixtures;
  if (has("ladder.json")) return FolderContent::kLadder;
  if (has("results.json"))
    return has("study.db") ? FolderContent::kModelSearch : FolderContent::kTableSearch;
  if (has("study.json")) return FolderContent::kComparison;
  if (has("study.db")) return FolderContent::kBegun;
  if (has("scale.json") || has("coordinates.json")) return FolderContent::kLaw;
  if (has("run.json") || has("checkpoints")) return FolderContent::kRun;
  return FolderContent::kOther;
}

std::string_view name_of(FolderContent kind) {
  constexpr std::string_view names[] = {"nothing",
                                        "a study",
                                        "a comparison",
                                        "a search of models",
                                        "a search of a table",
                                        "a ladder",
                                        "a study of mixtures",
                                        "a scaling law",
                                        "a training run",
                                        "something else"};
  return names[size_t(kind)];
}

bool has_store(FolderContent kind) {
  return kind == FolderContent::kComparison || kind == FolderContent::kModelSearch ||
         kind == FolderContent::kLadder || kind == FolderContent::kMixtures;
}
}  // namespace

FolderContent content_of(const std::string& folder) {
  return content_of(names_in(folder));
}

void require_folder_for(FolderContent kind, const std::string& folder) {
  const std::vector<std::string> names = names_in(folder);
  const FolderContent held = content_of(names);
  if (held == kind || held == FolderContent::kNothing) return;
  if (held == FolderContent::kBegun && has_store(kind)) return;
  const std::string_view short_name = name_of(kind).substr(0, name_of(kind).find(" of "));
  if (held == FolderContent::kOther)
    throw UserError(
        str("'", folder, "' holds something else than ", short_name, ": '", names.front(), "'"),
        "choose another folder with -o");
  throw UserError(str("'", folder, "' holds ", name_of(held), ", and this is ", name_of(kind)),
                  "choose another folder with -o, or remove this one");
}
}  // namespace cambium
