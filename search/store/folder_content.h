// What the folder of results holds, as its files tell, so that no command writes over another's.
#pragma once
#include <string>

namespace cambium {
enum class FolderContent {
  kNothing,  // nothing, or no such folder
  kBegun,    // trials: the store (search/store/trial_store.h) says of which study
  kComparison,
  kModelSearch,
  kTableSearch,
  kLadder,
  kMixtures,
  kLaw,
  kRun,
  kOther
};

FolderContent content_of(const std::string& folder);

// UserError with a cure when results of this kind would come among others, or among somebody's
// files. A study that was begun, of whatever kind, is the store's to compare.
void require_folder_for(FolderContent kind, const std::string& folder);
}  // namespace cambium
