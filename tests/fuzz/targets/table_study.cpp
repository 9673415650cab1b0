// Searches of a table: the study, and after a line "====" the table it names as t.csv.
#include "search/replay/table_study.h"

#include "tests/fuzz/target.h"

namespace cambium::fuzz_table_study {
extern const FuzzTarget fuzz_table_study = {
    .name = "table_study", .reads = {"core/text/csv.cpp"}, .run = [](std::string_view bytes) {
      const std::vector<std::string_view> parts = parts_of(bytes, 2);
      file_of("t.csv", parts[1]);
      TableStudy study = load_table_study(file_of("search.yaml", parts[0]));
      study.settings.trials = std::min<int64_t>(study.settings.trials, 12);
      const TableSearch found = search_table(study);
      for (const TableTrial& t : found.trials)
        expect(study.space->valid(t.point), "every trial is a point of the space");
    }};
}  // namespace cambium::fuzz_table_study
