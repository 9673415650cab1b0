#include "app/onnx/export_onnx.h"

#include <filesystem>

#include "app/run.h"
#include "app/saved_run.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "train/onnx/examples.h"

namespace cambium {
int export_onnx_file(const std::string& run_or_spec, const std::string& file, bool last,
                     const std::string& examples, Context& context) {
  require_onnx();
  if (file.empty()) throw UserError("-o is missing", "name the file to write: -o model.onnx");
  if (file_exists(file))
    throw UserError(str("'", file, "' is there already"), "name another file with -o");
  std::error_code none;
  const bool is_run = std::filesystem::is_directory(run_or_spec, none);
  std::string weights_are = "fresh weights";
  Json answer = {{"from", run_or_spec}, {"to", "onnx"}, {"file", file}};
  std::optional<LoadedWeights> weights;
  if (is_run) {
    weights = weights_of_run(run_or_spec, !last, context.terminal);
    weights_are = weights_text(*weights, !last);
    add_weights(answer, *weights, !last);
  } else {
    answer["weights"] = "fresh";
  }
  const Experiment e =
      is_run ? open_run(run_or_spec, context.terminal, {.set = context.set}).experiment
             : open_to_measure(load_model_spec(run_or_spec, context.set));
  const auto* tensors = weights ? &weights->tensors : nullptr;
  const OnnxExport made = export_onnx(e, tensors);
  const std::string bytes = onnx_bytes(made.model);
  replace_file(file, bytes);
  if (!examples.empty()) write_onnx_examples(onnx_examples(e, tensors, made), examples);
  for (const std::string& note : made.notes) context.terminal.note("note    " + note);
  std::string open;
  for (const std::string& name : made.open) open += (open.empty() ? "" : ", ") + name;
  answer["opset"] = made.model.opset;
  answer["operators"] = made.model.graph.nodes.size();
  answer["open"] = made.open;
  answer["notes"] = made.notes;
  context.answer(answer, str(file, ": ", weights_are, ", ", made.model.graph.nodes.size(),
                             " operators of opset ", made.model.opset, ", ", bytes.size() / 1024,
                             " KB; open: ", open.empty() ? "nothing" : open, "\n"));
  return kExitOk;
}
}  // namespace cambium
