// cambium passes: the way from a model's graph to a plan.
#include "app/command.h"
#include "app/run.h"
#include "app/tables/table.h"
#include "core/text/json.h"
#include "train/graphs/pipeline.h"

namespace cambium::command_passes {
namespace {
std::string_view of_what(Stage::Kind kind) {
  switch (kind) {
    case Stage::kTidy:
      return "every graph, and again after each pass of every graph";
    case Stage::kGraph:
      return "every graph";
    case Stage::kStep:
      return "the graph of a step";
    case Stage::kPlans:
      return "plans";
  }
  return "";
}

int list_passes(Context& context) {
  Json json = Json::array();
  Table table;
  for (const Stage& s : pipeline()) {
    json.push_back({{"name", s.name}, {"of", of_what(s.kind)}, {"doc", s.doc}});
    table.row({std::string(s.name), std::string(s.doc), str("of ", of_what(s.kind))});
  }
  context.answer(json, table.text());
  return kExitOk;
}
}  // namespace

extern const Command command_passes = {
    .name = "passes",
    .doc = "list the passes between a model and its plan, in order",
    .examples = {"cambium passes", "cambium graph my.yaml --dump-after fuse_post_ops",
                 "cambium profile my.yaml --no-pass form_chains"},
    .declare = [](CommandLine&) -> Action { return list_passes; },
};
}  // namespace cambium::command_passes
