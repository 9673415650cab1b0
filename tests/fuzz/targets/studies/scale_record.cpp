// The folder of a scaling law as the report reads it: scale.json, and after a line "===="
// residuals.csv.
#include "tests/fuzz/target.h"
#include "viz/report/pages/scale_page.h"
#include "viz/scale/scale_plots.h"

namespace cambium::fuzz_scale_record {
extern const FuzzTarget fuzz_scale_record = {
    .name = "scale_record",
    .reads = {"search/records/scale_record.cpp"},
    .run = [](std::string_view bytes) {
      const std::vector<std::string_view> parts = parts_of(bytes, 2);
      const std::string file = file_of("law/scale.json", parts[0]);
      file_of("law/residuals.csv", parts[1]);
      const ScaleRecord read = read_scale_folder(file.substr(0, file.rfind('/')));
      scale_page(read, scale_figures(read));
    }};
}  // namespace cambium::fuzz_scale_record
