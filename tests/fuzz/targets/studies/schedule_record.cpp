// The folder of a law along trainings as the report reads it: scale.json, and after a line "===="
// curves.csv.
#include "tests/fuzz/target.h"
#include "viz/report/pages/schedule_page.h"
#include "viz/scale/schedule_plots.h"

namespace cambium::fuzz_schedule_record {
extern const FuzzTarget fuzz_schedule_record = {
    .name = "schedule_record",
    .reads = {"search/records/schedule_record.cpp"},
    .run = [](std::string_view bytes) {
      const std::vector<std::string_view> parts = parts_of(bytes, 2);
      const std::string file = file_of("law/scale.json", parts[0]);
      file_of("law/curves.csv", parts[1]);
      const ScheduleRecord read = read_schedule_folder(file.substr(0, file.rfind('/')));
      schedule_page(read, schedule_figures(read));
    }};
}  // namespace cambium::fuzz_schedule_record
