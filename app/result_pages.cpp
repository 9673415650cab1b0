#include "app/result_pages.h"

#include <algorithm>
#include <filesystem>

#include "core/system/files.h"
#include "viz/mixtures/mix_plots.h"
#include "viz/report/pages/mix_page.h"
#include "viz/report/pages/scale_page.h"
#include "viz/report/pages/schedule_page.h"
#include "viz/report/pages/search_page.h"
#include "viz/report/report.h"
#include "viz/scale/scale_plots.h"
#include "viz/scale/schedule_plots.h"
#include "viz/search/search_plots.h"

namespace cambium {
namespace {
void write_pictures(const std::string& folder, const std::vector<Figure>& figures) {
  const std::string pictures = folder + "/pictures";
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(pictures, none)) {
    const auto drawn = std::ranges::find(figures, entry.path().stem().string(), &Figure::name);
    if (entry.path().extension() == ".svg" && drawn == figures.end())
      std::filesystem::remove(entry.path(), none);
  }
  if (figures.empty()) return;
  make_folders(pictures);
  for (const Figure& f : figures) replace_file(str(pictures, "/", f.name, ".svg"), f.svg + "\n");
}

WrittenPage write_page(const std::string& folder, const std::string& path, const std::string& html,
                       const std::vector<Figure>& figures) {
  write_pictures(folder, figures);
  const WrittenPage page{path.empty() ? folder + "/report.html" : path, html.size()};
  replace_file(page.path, html);
  return page;
}
}  // namespace

WrittenPage write_study_page(const StudyFolder& study, const std::string& page) {
  return write_page(study.folder, page, html_report(study, model_pictures(study)),
                    study_figures(study));
}

WrittenPage write_search_page(const std::string& folder, const std::string& page) {
  const SearchRecord record = read_search_folder(folder);
  const std::vector<Figure> figures = search_figures(record);
  return write_page(folder, page, search_page(record, figures), figures);
}

WrittenPage write_mix_page(const std::string& folder, const std::string& page) {
  const MixRecord record = read_mix_folder(folder);
  const std::vector<Figure> figures = mix_figures(record);
  return write_page(folder, page, mix_page(record, figures), figures);
}

WrittenPage write_scale_page(const std::string& folder, const std::string& page) {
  if (is_schedule_folder(folder)) {
    const ScheduleRecord record = read_schedule_folder(folder);
    const std::vector<Figure> figures = schedule_figures(record);
    return write_page(folder, page, schedule_page(record, figures), figures);
  }
  const ScaleRecord record = read_scale_folder(folder);
  const std::vector<Figure> figures = scale_figures(record);
  return write_page(folder, page, scale_page(record, figures), figures);
}
}  // namespace cambium
