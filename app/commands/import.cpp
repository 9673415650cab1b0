// cambium import: weights trained elsewhere, as a run.
#include "train/weights/import.h"

#include <filesystem>

#include "app/command.h"
#include "app/run.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "train/onnx/import.h"

namespace cambium::command_import {
namespace {
struct Options {
  std::string model, tokenizer, text, run;
};

// A path that means the same from any folder, since the run remembers it.
std::string absolute(const std::string& path) {
  if (!file_exists(path)) throw UserError(str(path, ": no such file"));
  return std::filesystem::absolute(path).lexically_normal().string();
}

int import(const Options& o, Context& context) {
  if (file_exists(o.run + "/spec.yaml"))
    throw UserError(str("'", o.run, "' holds a run already"), "name another folder with --run");
  const ImportedModel model =
      o.model.ends_with(".onnx")
          ? import_onnx(absolute(o.model))
          : import_llama2c(absolute(o.model), absolute(o.tokenizer), absolute(o.text));
  write_imported(model, o.run);
  context.answer({{"run", o.run}, {"model", model.summary}},
                 str("model   ", model.summary, "\nrun     ", o.run, "\n"));
  return kExitOk;
}
}  // namespace

extern const Command command_import = {
    .name = "import",
    .doc = "make a run from weights that were trained elsewhere (llama2.c, ONNX)",
    .examples = {"cambium import stories260K.bin --tokenizer tok512.bin --text stories.txt --run "
                 "runs/stories",
                 "cambium import model.onnx --run runs/model",
                 "cambium generate runs/stories --prompt '' --temperature 0"},
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("MODEL", o->model, "a model.bin of llama2.c with a tied output, or a model.onnx");
      line.text("--tokenizer", o->tokenizer, "FILE", "its tokenizer.bin");
      line.text("--text", o->text, "FILE", "a text to evaluate and train on");
      line.text("--run", o->run, "DIR", "the folder to write");
      return [o](Context& context) {
        const bool onnx = o->model.ends_with(".onnx");
        for (const auto& [option, value] :
             {std::pair{"--tokenizer", o->tokenizer}, {"--text", o->text}, {"--run", o->run}})
          if (value.empty() && !(onnx && std::string_view(option) != "--run"))
            throw UserError(str(option, " is missing"), "see cambium import --help");
        return import(*o, context);
      };
    },
};
}  // namespace cambium::command_import
