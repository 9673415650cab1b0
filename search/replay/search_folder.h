// SearchFolder: the folder of one search. It goes on with what it began and with nothing else.
#pragma once
#include "core/system/lock.h"
#include "core/text/json_forward.h"
#include "search/replay/table_study.h"
#include "train/run/run_folder.h"

namespace cambium {
// What makes a search this one: the study but for its number of trials, and what the table says.
Json identity_json(const TableStudy& study);

class SearchFolder {
 public:
  // Makes the folder (and takes it away again if it stays empty) and holds its lock. UserErrors
  // with a cure: another process is in it; it holds another search, more trials of this one than
  // are asked for, or something else.
  SearchFolder(const std::string& folder, const TableStudy& study);

  // Trials that an earlier session wrote.
  int64_t trials_before() const { return trials_before_; }

 private:
  MadeFolder made_;
  FolderLock lock_;
  int64_t trials_before_ = 0;
};
}  // namespace cambium
