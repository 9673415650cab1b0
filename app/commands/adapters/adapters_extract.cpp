// cambium adapters extract: a run's adapters alone, in PEFT's layout.
#include "app/command.h"
#include "app/run.h"
#include "app/saved_run.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "train/adapters/peft.h"

namespace cambium::command_adapters_extract {
namespace {
struct Options {
  std::string run, output;
  bool last = false;
};

int extract(const Options& o, Context& context) {
  if (o.output.empty())
    throw UserError("-o is missing", "name the folder to write: -o adapters/mine");
  if (file_exists(o.output + "/adapter_config.json"))
    throw UserError(str("'", o.output, "' holds an adapter already"),
                    "name another folder with -o");
  const OpenedRun opened = open_run(o.run, context.terminal);
  const LoadedWeights weights = weights_of_run(o.run, !o.last, context.terminal);
  const Yaml* init = opened.experiment.spec.section("init");
  const Yaml* from = init ? init->find("from") : nullptr;
  const PeftAdapter a =
      peft_of(opened.experiment, weights.tensors, from ? from->text : std::string());
  write_peft(a, o.output);
  int64_t numbers = 0;
  for (const auto& [name, t] : a.tensors) numbers += t.count();
  Json answer = {
      {"adapter", o.output}, {"of", o.run}, {"tensors", a.tensors.size()}, {"parameters", numbers}};
  add_weights(answer, weights, !o.last);
  context.answer(answer, str("wrote   ", a.tensors.size(), " tensors, ", numbers, " numbers of ",
                             weights_text(weights, !o.last), "\nadapter ", o.output, "\n"));
  return kExitOk;
}
}  // namespace

extern const Command command_adapters_extract = {
    .name = "adapters extract",
    .doc = "write the LoRA adapters of a run as PEFT does, for its base",
    .examples = {"cambium adapters extract runs/tuned -o adapters/mine",
                 "cambium train next.yaml --set adapt.from=adapters/mine"},
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("RUN", o->run, "the folder of a run with adapters");
      line.text("-o,--output", o->output, "DIR", "the folder to write");
      line.flag("--last", o->last, "the last weights, not the best");
      return [o](Context& context) { return extract(*o, context); };
    },
};
}  // namespace cambium::command_adapters_extract
