// cambium ops: the list of operators.
#include "app/command.h"
#include "app/run.h"
#include "app/tables/catalogue.h"
#include "app/tables/table.h"
#include "core/text/json.h"

namespace cambium::command_ops {
namespace {
int list_ops(Context& context) {
  Json json = Json::array();
  Table table;
  for (const CatalogueEntry& e : catalogue_of("operator")) {
    json.push_back(to_json(e));
    table.row({e.name, e.doc});
  }
  context.answer(json, table.text());
  return kExitOk;
}
}  // namespace

extern const Command command_ops = {
    .name = "ops",
    .doc = "list the operators that graphs are made of",
    .examples = {"cambium ops", "cambium explain attention"},
    .declare = [](CommandLine&) -> Action { return list_ops; },
};
}  // namespace cambium::command_ops
