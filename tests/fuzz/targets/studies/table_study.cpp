// Searches of a table: the study, after a line "====" the table it names as t.csv, and after
// another what an earlier search left as results.json.
#include "search/replay/search_folder.h"
#include "tests/fuzz/target.h"

namespace cambium::fuzz_table_study {
extern const FuzzTarget fuzz_table_study = {
    .name = "table_study",
    .reads = {"search/replay/search_folder.cpp", "core/text/csv.cpp"},
    .run = [](std::string_view bytes) {
      const std::vector<std::string_view> parts = parts_of(bytes, 3);
      file_of("t.csv", parts[1]);
      TableStudy study = load_table_study(file_of("search.yaml", parts[0]));
      study.settings.trials = std::min<int64_t>(study.settings.trials, 12);
      const TableSearch found = search_table(study);
      for (const TableTrial& t : found.trials)
        expect(study.space->valid(t.point), "every trial is a point of the space");
      if (parts[2].empty()) return;
      const std::string results = file_of("found/results.json", parts[2]);
      const SearchFolder folder(results.substr(0, results.rfind('/')), study);
    }};
}  // namespace cambium::fuzz_table_study
