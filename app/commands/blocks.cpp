// cambium blocks: the list of what a spec can name.
#include "app/command.h"
#include "app/run.h"
#include "app/tables/catalogue.h"
#include "app/tables/table.h"
#include "core/text/json.h"

namespace cambium::command_blocks {
namespace {
int list_blocks(Context& context) {
  Json json = Json::array();
  Table table;
  const auto add = [&](const std::string& heading, const CatalogueEntry& e, std::string& last) {
    if (heading != last) table.row({str(last.empty() ? "" : "\n", heading)});
    last = heading;
    json.push_back(to_json(e));
    table.row({"  " + e.name, e.kind == "block" ? e.accepts : "", e.doc});
  };
  std::string last;
  for (const CatalogueEntry& e : catalogue_of("block")) add(e.family + " blocks", e, last);
  for (const char* kind : {"dataset", "optimizer", "schedule"})
    for (const CatalogueEntry& e : catalogue_of(kind)) add(str(kind, "s"), e, last);
  context.answer(json, table.text());
  return kExitOk;
}
}  // namespace

extern const Command command_blocks = {
    .name = "blocks",
    .doc = "list the blocks, datasets, optimizers and schedules a spec can name",
    .examples = {"cambium blocks", "cambium explain patch_embed"},
    .declare = [](CommandLine&) -> Action { return list_blocks; },
};
}  // namespace cambium::command_blocks
