// StudyRecord: what the trials in one store have in common.
#pragma once
#include <map>
#include <string>

#include "core/text/json.h"

namespace cambium {
// Written when the store is made; from then on a store is opened with the same or not at all.
struct StudyRecord {
  std::string name;
  Json settings = Json::object();  // all that decides which trials there are and what they give
  int64_t lag = 8;                 // >= 1; at most so many trials run at once
  // Trials of different ones are not comparable bit for bit. Empty: this program's.
  std::string instruction_set = "", build = "";
};

StudyRecord complete(StudyRecord study);  // with this program's instruction set and build

// As rows of the table `meta`, and back. RuntimeError or UserError, naming `path`: that cannot be.
std::map<std::string, std::string> entries_of(const StudyRecord& study);
StudyRecord study_of(const std::map<std::string, std::string>& entries, const std::string& path);

// UserError naming `path` and the first difference.
void require_same(const StudyRecord& stored, const StudyRecord& asked, const std::string& path);
}  // namespace cambium
