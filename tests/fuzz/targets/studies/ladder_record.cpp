// What an earlier session of a ladder left in its folder.
#include "search/ladder/ladder_folder.h"
#include "tests/fuzz/target.h"

namespace cambium::fuzz_ladder_record {
extern const FuzzTarget fuzz_ladder_record = {
    .name = "ladder_record",
    .reads = {"search/ladder/ladder_folder.cpp"},
    .run = [](std::string_view bytes) {
      const std::string file = file_of("ladder/ladder.json", bytes);
      const std::string folder = file.substr(0, file.rfind('/'));
      if (const std::optional<LadderRecord> r = read_ladder(folder)) {
        check_same_ladder(folder, *r);
        write_ladder(folder, *r);
      }
    }};
}  // namespace cambium::fuzz_ladder_record
