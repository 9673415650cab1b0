// cambium adapters attach: a base with an adapter beside its weights, as a run.
#include <filesystem>

#include "app/command.h"
#include "app/run.h"
#include "app/saved_run.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "train/adapters/source.h"
#include "train/weights/import.h"

namespace cambium::command_adapters_attach {
namespace {
struct Options {
  std::string run, adapter, output;
  bool last = false;
};

// The base's spec with `adapt: {from: <folder>}`, filled in from the adapter.
Spec spec_with(Spec spec, const std::string& folder, const Vars& vars) {
  std::erase_if(spec.root.entries, [](const YamlEntry& e) { return e.key == "init"; });
  Yaml name, section;
  name.kind = Yaml::kScalar;
  name.text = folder;
  name.quoted = true;
  section.kind = Yaml::kMap;
  section.entries.push_back({"from", {}, std::move(name)});
  spec.root.entries.push_back({"adapt", {}, std::move(section)});
  settle_adapters(spec, vars);
  return spec;
}

int attach(const Options& o, Context& context) {
  if (o.output.empty())
    throw UserError("-o is missing", "name the folder of the run to write: -o runs/both");
  if (file_exists(o.output + "/spec.yaml"))
    throw UserError(str("'", o.output, "' holds a run already"), "name another folder with -o");
  const OpenedRun base = open_run(o.run, context.terminal);
  if (base.experiment.spec.section("adapt"))
    throw UserError(str("'", o.run, "' has adapters already"),
                    "merge them first (`cambium adapters merge`), or name their base");
  const LoadedWeights weights = weights_of_run(o.run, !o.last, context.terminal);
  const std::string folder = std::filesystem::absolute(o.adapter).lexically_normal().string();
  const Spec spec = spec_with(base.experiment.spec, folder, base.experiment.vars);
  const Experiment both = open_experiment(spec, base.experiment.data);
  ImportedModel model;
  model.spec = to_yaml(both.spec.root);
  model.summary = str("'", o.run, "' with the adapter of '", o.adapter, "'");
  for (const auto& [name, t] : weights.tensors) model.tensors.emplace(name, t.clone());
  const std::optional<AdapterStart> start = adapter_start(both);
  for (const auto& [name, t] : start->tensors) model.tensors.insert_or_assign(name, t.clone());
  write_imported(model, o.output);
  Json answer = {{"run", o.output}, {"base", o.run}, {"adapter", o.adapter}};
  add_weights(answer, weights, !o.last);
  context.answer(answer, str("base    ", o.run, ", ", weights_text(weights, !o.last), "\nadapter ",
                             o.adapter, "\nrun     ", o.output, "\n"));
  return kExitOk;
}
}  // namespace

extern const Command command_adapters_attach = {
    .name = "adapters attach",
    .doc = "make a run of a base and an adapter in PEFT's layout",
    .examples = {"cambium adapters attach runs/base --adapter adapters/mine -o runs/both",
                 "cambium eval runs/both"},
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("RUN", o->run, "the folder of the base's run");
      line.text("--adapter", o->adapter, "DIR", "a folder that `adapters extract` or PEFT wrote");
      line.text("-o,--output", o->output, "DIR", "the folder to write");
      line.flag("--last", o->last, "the last weights, not the best");
      return [o](Context& context) {
        if (o->adapter.empty())
          throw UserError("--adapter is missing", "see cambium adapters attach --help");
        return attach(*o, context);
      };
    },
};
}  // namespace cambium::command_adapters_attach
