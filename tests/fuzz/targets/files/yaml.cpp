// YAML: what is read is written so that it reads the same, and errors can be drawn.
#include "core/diagnostics.h"
#include "core/yaml/spec.h"
#include "tests/fuzz/target.h"

namespace cambium::fuzz_yaml {
extern const FuzzTarget fuzz_yaml = {
    .name = "yaml",
    .reads = {"core/yaml/yaml.cpp", "core/diagnostics.cpp"},
    .run = [](std::string_view bytes) {
      Yaml tree;
      try {
        tree = load_yaml(file_of("input.yaml", bytes));
      } catch (const Error& e) {
        render(e);
        throw;
      }
      const std::string text = to_yaml(tree);
      try {
        expect(canonical_text(parse_yaml(text, "written")) == canonical_text(tree),
               "another tree is read back");
      } catch (const UserError& e) {
        expect(false, str("what was written is refused: ", render(e), text));
      }
    }};
}  // namespace cambium::fuzz_yaml
