// A study that goes on in a folder which an earlier session, or somebody else, wrote.
#include "search/runs/compare.h"

#include "core/system/files.h"
#include "tests/fuzz/target.h"

namespace cambium::fuzz_compare {
extern const FuzzTarget fuzz_compare = {
    .name = "compare",
    .reads = {"search/results/results.cpp", "search/runs/earlier.cpp", "search/results/audit.cpp",
              "search/runs/timing.cpp", "search/verdict/looks.cpp"},
    .run = [](std::string_view bytes) {
      const std::vector<std::string_view> parts = parts_of(bytes, 2);
      file_of("model.yaml",
              "data: {markov_text: {symbols: 4, order: 1, context: 4, train: 8}}\n"
              "model: [{embed: 4}, {linear: $vocab}]\ntrain: {steps: 2, batch: 2}\n");
      const std::string spec = file_of(
          "s.yaml", "base: model.yaml\nvariants: {a: {}}\nseeds: [0]\nbudget: {steps: 2}\n");
      const std::string path = file_of("compared/study.json", parts[0]);
      file_of("compared/runs/a-s0/run.json", parts[1]);
      StudyProgress silent;
      compare(
          load_study(spec),
          {.folder = path.substr(0, path.rfind('/')), .stop = [] { return true; }, .program = ""},
          silent);
    }};
}  // namespace cambium::fuzz_compare
