// The page and the pictures of a folder that a study, a search or a scaling law wrote into.
#pragma once
#include <string>

#include "search/results/study_folder.h"

namespace cambium {
struct WrittenPage {
  std::string path;
  size_t bytes = 0;
};

// Reads the folder's results and writes `page`, folder/report.html unless told, and, beside the
// results, pictures/<name>.svg; those that an earlier session drew and this one does not are
// removed. Answers the page's path and size. UserError when the folder holds no such results.
WrittenPage write_study_page(const StudyFolder& study, const std::string& page = "");
WrittenPage write_search_page(const std::string& folder, const std::string& page = "");
WrittenPage write_mix_page(const std::string& folder, const std::string& page = "");
// Of finished runs, or along trainings.
WrittenPage write_scale_page(const std::string& folder, const std::string& page = "");
}  // namespace cambium
