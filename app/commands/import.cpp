// cambium import: weights trained elsewhere, as a run.
#include "train/onnx/import.h"

#include <filesystem>

#include "app/command.h"
#include "app/run.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "train/hub/llama2c.h"

namespace cambium::command_import {
namespace {
struct Options {
  std::string model, tokenizer, text, run, out, maps;
};

// A path that means the same from any folder, since the run remembers it.
std::string absolute(const std::string& path) {
  if (path.empty()) return path;
  if (!file_exists(path) && !std::filesystem::is_directory(path))
    throw UserError(str(path, ": no such file"));
  return std::filesystem::absolute(path).lexically_normal().string();
}

HubModel imported(const Options& o) {
  const std::string model = absolute(o.model);
  if (model.ends_with("pytorch_model.bin"))
    throw UserError(str("'", o.model, "' is a pickle by its name, which runs code when it is read"),
                    "where it was made, write safetensors.torch.save_file(model.state_dict(), "
                    "\"model.safetensors\"), and import the folder");
  if (std::filesystem::is_directory(model) || !model.ends_with(".bin"))
    return import_hub(
        model, {.maps = o.maps, .text = absolute(o.text), .tokenizer = absolute(o.tokenizer)});
  for (const auto& [option, value] : {std::pair{"--tokenizer", o.tokenizer}, {"--text", o.text}})
    if (value.empty())
      throw UserError(str(option, " is missing"),
                      "a model.bin of llama2.c needs both; see cambium import --help");
  return import_llama2c(model, absolute(o.tokenizer), absolute(o.text), o.maps);
}

int answer(const ImportedModel& model, const std::string& folder, Context& context) {
  context.answer({{"run", folder}, {"model", model.summary}},
                 str("model   ", model.summary, "\nrun     ", folder, "\n"));
  return kExitOk;
}

int import(const Options& o, Context& context) {
  const std::string folder = o.run.empty() ? o.out : o.run;
  if (folder.empty()) throw UserError("-o is missing", "name the folder of the run to write");
  if (file_exists(folder + "/spec.yaml"))
    throw UserError(str("'", folder, "' holds a run already"), "name another folder with -o");
  if (o.text.empty() && !o.tokenizer.empty() && !o.model.ends_with(".bin"))
    throw UserError("--tokenizer reads a text, and there is none", "add --text FILE");
  if (o.model.ends_with(".onnx")) {
    ImportedModel model = import_onnx(absolute(o.model));
    model.noise = true;
    write_imported(model, folder);
    return answer(model, folder, context);
  }
  const HubModel model = imported(o);
  write_hub(model, folder);
  return answer(model.model, folder, context);
}
}  // namespace

extern const Command command_import = {
    .name = "import",
    .doc =
        "make a run from weights that were trained elsewhere (Hugging Face, timm, ONNX, llama2.c)",
    .examples = {"cambium import gpt2/ -o runs/gpt2",
                 "cambium import classifier.onnx -o runs/classifier",
                 "cambium import TinyLlama/ --text notes.txt -o runs/llama",
                 "cambium import stories260K.bin --tokenizer tok512.bin --text stories.txt -o "
                 "runs/stories",
                 "cambium generate runs/stories --prompt '' --temperature 0"},
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("MODEL", o->model,
                "a folder with config.json and model.safetensors or an index of shards, a "
                "safetensors file of timm or torchvision, a file.onnx, or a model.bin of llama2.c");
      line.text("-o", o->out, "DIR", "the folder of the run to write");
      line.text("--run", o->run, "DIR", "the same");
      line.text("--text", o->text, "FILE", "a text to evaluate and train on; without, noise");
      line.text("--tokenizer", o->tokenizer, "FILE",
                "its tokenizer; tokenizer.json beside the weights unless told");
      line.text("--maps", o->maps, "DIR", "mapping files; configs/weights unless told");
      return [o](Context& context) { return import(*o, context); };
    },
};
}  // namespace cambium::command_import
