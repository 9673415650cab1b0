// What an earlier session of a study tuned.
#include "search/tune/tuning.h"

#include "tests/fuzz/target.h"

namespace cambium::fuzz_tuning {
extern const FuzzTarget fuzz_tuning = {
    .name = "tuning", .reads = {"search/tune/tuning.cpp"}, .run = [](std::string_view bytes) {
      const std::string file = file_of("tuned/tuning.json", bytes);
      const std::string folder = file.substr(0, file.rfind('/'));
      if (const std::optional<Tuning> t = read_tuning(folder)) {
        effort_text(*t);
        edge_advice(*t);
        write_tuning(folder, *t);
        expect(read_tuning(folder)->variants.size() == t->variants.size(), "it reads back");
      }
    }};
}  // namespace cambium::fuzz_tuning
