// cambium show: a model as a table of blocks, or its spec with every default.
#include "app/command.h"
#include "app/run.h"
#include "app/saved_run.h"
#include "app/scale/scaling_table.h"
#include "app/tables/expand.h"
#include "app/tables/model_table.h"
#include "app/tables/recompute_table.h"
#include "app/tables/state_line.h"
#include "app/tables/transfer/transfer_table.h"
#include "core/text/json.h"
#include "train/spec/experiment.h"
#include "viz/plot/text.h"

namespace cambium::command_show {
namespace {
struct Options {
  std::string spec;
  bool expand = false;
  int64_t depth = 0;
  std::optional<int64_t> batch;
};

Json as_json(const Yaml& y, const Vars& vars) {
  if (y.is_map()) {
    Json out = Json::object();
    for (const YamlEntry& e : y.entries) out[e.key] = as_json(e.value, vars);
    return out;
  }
  if (y.is_list()) {
    Json out = Json::array();
    for (const Yaml& item : y.items) out.push_back(as_json(item, vars));
    return out;
  }
  if (y.is_null()) return nullptr;
  const bool literal = !y.quoted && y.text.find('$') == y.text.npos;
  if (!literal) return y.text;
  return std::visit([](const auto& v) { return Json(v); }, evaluate(y, vars).variant());
}

int show(const Options& options, Context& context) {
  Experiment e = open_experiment(load_model_spec(options.spec, context.set));
  if (options.expand) {
    const Yaml tree = expanded(e.spec);
    context.answer(as_json(tree, e.vars), to_yaml(tree));
    return kExitOk;
  }
  const int64_t batch = e.train.options.batch = options.batch.value_or(e.train.options.batch);
  const Graph& g = model_of(e, batch, true).graph;
  const auto rows = model_rows(g, options.depth);
  std::string text = str(options.spec, ", a batch of ", batch, "\n\n", to_text(rows));
  Json answer = {{"spec", options.spec}, {"batch", batch}, {"rows", to_json(rows)}};
  if (const auto state = generation_state(e)) {
    text += "\n" + to_text(*state);
    answer["generation_state"] = to_json(*state);
  }
  if (const auto price = recompute_price(e)) {
    text += "\n" + to_text(*price);
    answer["recompute"] = to_json(*price);
  }
  if (const auto scaled = scaling_rows(e); !scaled.empty()) {
    text += "\n" + to_text(scaled, e.parameterisation.record->name);
    answer["scaling"] = to_json(scaled);
  }
  add_transfer(e, g, text, answer);
  context.answer(answer, text);
  return kExitOk;
}
}  // namespace

extern const Command command_show = {
    .name = "show",
    .doc = "list a model's blocks with shapes, parameters, FLOPs and activations",
    .examples = {"cambium show configs/models/hybrid_fashion.yaml --depth 2",
                 "cambium show my.yaml --batch 1 --json", "cambium show my.yaml --expand"},
    .takes_set = true,
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("SPEC", o->spec, "a model spec, or the folder of a run");
      line.flag("--expand", o->expand, "print the spec with every default filled in");
      line.whole("--depth", o->depth, 0, "levels to show; 0: all");
      line.whole("--batch", o->batch, 1, "examples; the training batch unless told");
      return [o](Context& context) { return show(*o, context); };
    },
};
}  // namespace cambium::command_show
