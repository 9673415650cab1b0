// cambium adapters merge: a run whose adapters have become part of its weights.
#include "app/command.h"
#include "app/run.h"
#include "app/saved_run.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "train/adapters/merge.h"
#include "train/weights/import.h"

namespace cambium::command_adapters_merge {
namespace {
struct Options {
  std::string run, output;
  bool last = false;
};

int merge(const Options& o, Context& context) {
  if (o.output.empty())
    throw UserError("-o is missing", "name the folder of the run to write: -o runs/merged");
  if (file_exists(o.output + "/spec.yaml"))
    throw UserError(str("'", o.output, "' holds a run already"), "name another folder with -o");
  const OpenedRun opened = open_run(o.run, context.terminal);
  const LoadedWeights weights = weights_of_run(o.run, !o.last, context.terminal);
  ImportedModel model;
  model.tensors = merged(opened.experiment, weights.tensors);
  model.spec = to_yaml(without_adapters(opened.experiment.spec).root);
  model.summary = str("the merged weights of '", o.run, "'");
  write_imported(model, o.output);
  const size_t places = model_of(opened.experiment, 1, false).adapters->places.size();
  Json answer = {{"run", o.output}, {"of", o.run}, {"places", places}};
  add_weights(answer, weights, !o.last);
  context.answer(answer, str("merged  ", places, " places of ", weights_text(weights, !o.last),
                             " of '", o.run, "'\nrun     ", o.output, "\n"));
  return kExitOk;
}
}  // namespace

extern const Command command_adapters_merge = {
    .name = "adapters merge",
    .doc = "make a run of plain weights from one with adapters",
    .examples = {"cambium adapters merge runs/tuned -o runs/merged"},
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("RUN", o->run, "the folder of a run with adapters");
      line.text("-o,--output", o->output, "DIR", "the folder to write");
      line.flag("--last", o->last, "the last weights, not the best");
      return [o](Context& context) { return merge(*o, context); };
    },
};
}  // namespace cambium::command_adapters_merge
