// cambium export: a run's weights, or its model, in the form of another program.
#include <algorithm>
#include <filesystem>

#include "app/command.h"
#include "app/onnx/export_onnx.h"
#include "app/run.h"
#include "app/saved_run.h"
#include "core/system/files.h"
#include "core/tensor/safetensors.h"
#include "core/text/json.h"
#include "core/text/suggest.h"
#include "train/hub/llama2c.h"

namespace cambium::command_export {
namespace {
struct Options {
  std::string run, to = "hf", out, config, maps, examples, dtype = "f32";
  bool last = false;
};

HubConfig config_at(const std::string& path) {
  if (path.empty()) return {};
  return {path, std::make_shared<const Json>(load_json(path))};
}

// Our own names, for who reads them with code of theirs or starts another model with `init:`.
void write_plain(const LoadedWeights& weights, const std::string& folder) {
  std::map<std::string, const Tensor*, std::less<>> all;
  for (const auto& [name, t] : weights.tensors) all[name] = &t;
  make_folders(folder);
  write_safetensors(folder + "/model.safetensors", all, {{"format", "pt"}});
}

int64_t write_as(const Options& o, const Experiment& e, const LoadedWeights& weights,
                 Terminal& terminal) {
  const std::optional<HubOrigin> origin = read_origin(o.run);
  const bool llama2c = o.to == "llama2c";
  const HubExport model = export_hub(e, weights.tensors, origin ? &*origin : nullptr,
                                     config_at(o.config), llama2c ? "hf" : o.to, o.maps);
  if (!model.note.empty()) terminal.note("note    " + model.note);
  make_folders(o.out);
  if (llama2c)
    write_llama2c(model, o.out + "/model.bin");
  else
    write_export(model, o.out, o.dtype == "bf16");
  return int64_t(model.tensors.size());
}

// What only another layout has a use for.
void check_onnx(const Options& o) {
  for (const auto& [option, given] : {std::pair{"--config", !o.config.empty()},
                                      {"--maps", !o.maps.empty()},
                                      {"--dtype bf16", o.dtype == "bf16"}})
    if (given) throw UserError(str(option, " does not go with --to onnx"), "leave it out");
}

void check(const Options& o) {
  std::vector<std::string> known = {"onnx", "safetensors", "llama2c"};
  for (const std::string& naming : hub_namings(o.maps)) known.push_back(naming);
  if (!std::ranges::count(known, o.to))
    throw UserError(str("--to ", o.to, " is no layout"), suggestion(o.to, known));
  for (const char* file : {"/model.safetensors", "/model.bin"})
    if (file_exists(o.out + file))
      throw UserError(str("'", o.out, file, "' is there already"), "name another folder with -o");
  if (o.dtype == "bf16" && (o.to == "llama2c" || o.to == "safetensors"))
    throw UserError(str("--dtype bf16 does not go with --to ", o.to), "leave it out");
}

int export_run(const Options& o, Context& context) {
  if (o.out.empty()) throw UserError("-o is missing", "name what to write");
  if (o.to == "onnx") {
    check_onnx(o);
    return export_onnx_file(o.run, o.out, o.last, o.examples, context);
  }
  if (!o.examples.empty()) throw UserError("--examples goes with --to onnx", "leave it out");
  check(o);
  const OpenedRun run = open_run(o.run, context.terminal, {.set = context.set});
  const LoadedWeights weights = weights_of_run(o.run, !o.last, context.terminal);
  int64_t count = int64_t(weights.tensors.size());
  if (o.to == "safetensors")
    write_plain(weights, o.out);
  else
    count = write_as(o, run.experiment, weights, context.terminal);
  Json answer = {{"run", o.run}, {"to", o.to}, {"folder", o.out}, {"tensors", count}};
  add_weights(answer, weights, !o.last);
  context.answer(answer, str(count, " tensors of the ", weights_text(weights, !o.last), " in ",
                             o.out, " (", o.to, ")\n"));
  return kExitOk;
}
}  // namespace

extern const Command command_export = {
    .name = "export",
    .doc = "write a run for Hugging Face, timm, torchvision, llama2.c or, as ONNX, any runtime",
    .examples = {"cambium export runs/gpt2 --to hf -o gpt2-tuned",
                 "cambium export runs/mine --to hf --config config.json -o mine-hf",
                 "cambium export runs/stories --to llama2c -o stories",
                 "cambium export runs/mine --to onnx -o mine.onnx",
                 "cambium export mine.yaml --to onnx -o mine.onnx --examples mine"},
    .takes_set = true,
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("RUN", o->run,
                "the folder of a run; for onnx also a spec, whose weights are then fresh");
      line.text("--to", o->to, "LAYOUT",
                "hf (default), timm, torchvision, llama2c, safetensors: by our own names, or onnx");
      line.text("-o", o->out, "PATH", "the folder to write, or the file.onnx");
      line.text("--config", o->config, "FILE",
                "a config.json that says the model, where the run was not imported");
      line.choice("--dtype", o->dtype, {"f32", "bf16"}, "of the numbers in the file");
      line.flag("--last", o->last, "the last weights, not the best");
      line.text("--maps", o->maps, "DIR", "mapping files; configs/weights unless told");
      line.text("--examples", o->examples, "DIR",
                "for onnx: also write three inputs and our answers, as ONNX keeps test data");
      return [o](Context& context) { return export_run(*o, context); };
    },
};
}  // namespace cambium::command_export
