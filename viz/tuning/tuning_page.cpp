#include "viz/tuning/tuning_page.h"

#include <filesystem>

#include "core/text/format.h"
#include "search/results/study_folder.h"
#include "viz/report/page.h"
#include "viz/report/report_parts.h"

namespace cambium {
std::string tuning_page(const std::string& folder, const Tuning& tuning) {
  const std::filesystem::path path = std::filesystem::path(folder).lexically_normal();
  const std::string name = (path.has_filename() ? path : path.parent_path()).filename().string();
  const auto variants = int64_t(tuning.variants.size());
  std::string out = html_header(
      name, str(variants, variants == 1 ? " model" : " models", ", by ", tuning.metric),
      {"Settings were chosen, and nothing has been judged: what was chosen by the best of some "
       "trainings looks better than it is."});
  out += html_section("Tuning", tuning_part({.folder = folder, .tuning = tuning}));
  return html_page(str(name, ": cambium tune"), out);
}
}  // namespace cambium
