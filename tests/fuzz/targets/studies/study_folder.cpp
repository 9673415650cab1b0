// The folder of a study as the report reads it: study.json, summary.json, a run's run.json and log.
#include "tests/fuzz/target.h"
#include "train/run/run_log.h"
#include "viz/report/report.h"

namespace cambium::fuzz_study_folder {
extern const FuzzTarget fuzz_study_folder = {
    .name = "study_folder",
    .reads = {"search/results/study_folder.cpp", "search/results/description.cpp",
              "search/results/described_plan.cpp", "search/results/aggregate_row.cpp",
              "search/results/summary.cpp", "search/results/old_results.cpp",
              "viz/report/model_pictures.cpp", "train/run/run_log.cpp", "train/run/run_folder.cpp",
              "train/record/run_record.cpp"},
    .run = [](std::string_view bytes) {
      const std::vector<std::string_view> parts = parts_of(bytes, 4);
      const std::string study = file_of("study/study.json", parts[0]);
      file_of("study/summary.json", parts[1]);
      file_of("study/runs/a-s0/run.json", parts[2]);
      file_of("study/runs/a-s0/log.jsonl", parts[3]);
      const StudyFolder read = read_study_folder(study.substr(0, study.rfind('/')));
      html_report(read, model_pictures(read));
    }};
}  // namespace cambium::fuzz_study_folder
