// Expressions: a scalar with $ and ${...}, between variables that use one another.
#include "core/yaml/expr.h"
#include "tests/fuzz/target.h"

namespace cambium::fuzz_expression {
extern const FuzzTarget fuzz_expression = {
    .name = "expression", .reads = {}, .run = [](std::string_view bytes) {
      Vars vars;
      vars.set("a", int64_t(7));
      vars.set("b", 0.5);
      vars.set("t", std::string("text"));
      const std::vector<std::string_view> parts = parts_of(bytes, 3);
      const auto scalar = [](std::string_view text) {
        Yaml y;
        y.kind = Yaml::kScalar;
        y.text = text;
        return y;
      };
      vars.set("x", scalar(parts[1]));
      vars.set("y", scalar(parts[2]));
      evaluate(scalar(parts[0]), vars).text();
    }};
}  // namespace cambium::fuzz_expression
