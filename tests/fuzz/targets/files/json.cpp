// JSON, and the state of a run that is made of it.
#include "core/text/json.h"

#include "tests/fuzz/target.h"
#include "train/run/checkpoint.h"

namespace cambium::fuzz_json {
extern const FuzzTarget fuzz_json = {
    .name = "json", .reads = {"core/text/json.cpp"}, .run = [](std::string_view bytes) {
      const Json json = parse_json(bytes, "input.json");
      to_text(json, 1);
      const Json again = to_json(run_state_from(json));
      expect(to_json(run_state_from(again)) == again, "another state is read back");
    }};
}  // namespace cambium::fuzz_json
