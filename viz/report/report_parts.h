// The parts of the report, each answering a piece of HTML. Internal to report.
#pragma once
#include "viz/report/model_pictures.h"
#include "viz/report/page.h"

namespace cambium {
std::string report_css();
std::string results_table(const StudyFolder& r);
std::string tasks_part(const StudyFolder& r);      // variants over all tasks; may be empty
std::string settings_table(const StudyFolder& r);  // in what the variants differ; may be empty
std::string audit_table(const StudyFolder& r);
std::string interval_plots(const StudyFolder& r);
std::string curve_plots(const StudyFolder& r);
// How the settings of every variant were chosen; empty where they were not.
std::string tuning_part(const StudyFolder& r);
std::string slices_part(const StudyFolder& r);  // losses by slice of the data; may be empty
std::string budget_part(const StudyFolder& r);
std::string models_part(const StudyFolder& r, std::span<const InlinePicture> pictures);
std::string failures_part(const StudyFolder& r);
std::string runs_table(const StudyFolder& r);
std::string reproduction_part(const StudyFolder& r);
}  // namespace cambium
