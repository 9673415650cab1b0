// cambium schema: the language of specs for editors, and that of pictures for pages.
#include "app/schema/schema.h"

#include "app/command.h"
#include "app/run.h"
#include "core/text/json.h"
#include "viz/model/model_json.h"

namespace cambium::command_schema {
namespace {
int print_schema(bool graph, Context& context) {
  const Json schema = graph ? model_schema() : spec_schema();
  context.answer(schema, to_text(schema, 1) + "\n");
  return kExitOk;
}
}  // namespace

extern const Command command_schema = {
    .name = "schema",
    .doc = "print the JSON Schema of specs and studies, for editors",
    .examples = {"cambium schema > cambium.schema.json",
                 "cambium schema --graph           # of what `cambium graph -o x.json` writes"},
    .declare = [](CommandLine& line) -> Action {
      auto graph = std::make_shared<bool>(false);
      line.flag("--graph", *graph, "of a model's picture as JSON instead");
      return [graph](Context& context) { return print_schema(*graph, context); };
    },
};
}  // namespace cambium::command_schema
