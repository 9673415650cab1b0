// cambium export: a run's model for another program.
#include "app/command.h"
#include "app/onnx/export_onnx.h"

namespace cambium::command_export {
namespace {
struct Options {
  std::string run, to = "onnx", out, examples;
  bool last = false;
};
}  // namespace

extern const Command command_export = {
    .name = "export",
    .doc = "write a run's model for another program",
    .examples = {"cambium export runs/mine --to onnx -o mine.onnx",
                 "cambium export mine.yaml --to onnx -o mine.onnx --examples mine"},
    .takes_set = true,
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("RUN", o->run, "the folder of a run, or a spec, whose weights are then fresh");
      line.choice("--to", o->to, {"onnx"}, "for whom: onnx is one file for any runtime");
      line.text("-o", o->out, "FILE", "the file to write");
      line.flag("--last", o->last, "the last weights, not the best");
      line.text("--examples", o->examples, "DIR",
                "also write three inputs and our answers, as ONNX keeps test data");
      return [o](Context& context) {
        return export_onnx_file(o->run, o->out, o->last, o->examples, context);
      };
    },
};
}  // namespace cambium::command_export
