// Specs: three files that may extend one another; the first is checked as a model.
#include "core/yaml/spec.h"

#include "tests/fuzz/target.h"
#include "train/spec/experiment.h"

namespace cambium::fuzz_spec {
extern const FuzzTarget fuzz_spec = {
    .name = "spec",
    .reads = {"core/yaml/spec.cpp", "core/yaml/extends.cpp"},
    .run = [](std::string_view bytes) {
      const std::vector<std::string_view> parts = parts_of(bytes, 4);
      const std::string path = file_of("a.yaml", parts[0]);
      file_of("b.yaml", parts[1]);
      file_of("c.yaml", parts[2]);
      std::vector<std::string> overrides;
      if (!parts[3].empty()) overrides.emplace_back(parts[3]);
      Spec spec = load_spec(path, overrides);
      canonical_text(spec.root);
      // Data of any size may be asked for; what reads a model is the point here.
      Yaml* data = spec.root.find("data");
      if (!data) return;
      *data = parse_yaml("markov_text: {symbols: 8, order: 1, context: 16, train: 8}", "data");
      open_experiment(std::move(spec));
    }};
}  // namespace cambium::fuzz_spec
