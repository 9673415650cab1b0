// cambium schema: the language of specs for editors.
#include "app/schema/schema.h"

#include "app/command.h"
#include "app/run.h"
#include "core/text/json.h"

namespace cambium::command_schema {
namespace {
int print_schema(Context& context) {
  const Json schema = spec_schema();
  context.answer(schema, to_text(schema, 1) + "\n");
  return kExitOk;
}
}  // namespace

extern const Command command_schema = {
    .name = "schema",
    .doc = "print the JSON Schema of specs and studies, for editors",
    .examples = {"cambium schema > cambium.schema.json"},
    .declare = [](CommandLine&) -> Action { return print_schema; },
};
}  // namespace cambium::command_schema
