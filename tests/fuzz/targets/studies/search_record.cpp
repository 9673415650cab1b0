// The folder of a search as the report reads it: results.json.
#include "tests/fuzz/target.h"
#include "viz/report/pages/search_page.h"
#include "viz/search/search_plots.h"

namespace cambium::fuzz_search_record {
extern const FuzzTarget fuzz_search_record = {
    .name = "search_record",
    .reads = {"search/records/search_record.cpp"},
    .run = [](std::string_view bytes) {
      const std::string file = file_of("searched/results.json", bytes);
      const SearchRecord read = read_search_folder(file.substr(0, file.rfind('/')));
      search_page(read, search_figures(read));
    }};
}  // namespace cambium::fuzz_search_record
