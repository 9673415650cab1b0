#include "app/pass_choice.h"

#include <algorithm>
#include <filesystem>

#include "core/system/files.h"
#include "train/graphs/pipeline.h"
#include "viz/model/graphviz.h"

namespace cambium {
namespace {
void check_dump(const Experiment& e, const PassWords& words) {
  if (words.dump_after.empty()) {
    if (words.dump_to.empty()) return;
    throw UserError("--dump-to names a file, and no pass is to be dumped",
                    str("say after which one: --dump-after NAME --dump-to ", words.dump_to));
  }
  const Stage& stage = *std::ranges::find(pipeline(), words.dump_after, &Stage::name);
  if (stage.makes_no_graph)
    throw UserError(str("'", stage.name, "' changes no graph, only how a plan runs it"),
                    "cambium profile lists what runs as one loop");
  if (!runs_pass(e, stage.name))
    throw UserError(
        str("pass '", stage.name, "' does not run here"),
        str("the spec does not ask for it, or --no-pass puts it off: it is for ", stage.doc));
}
}  // namespace

void declare_passes(CommandLine& line, PassWords& words) {
  line.list("--no-pass", words.off, "NAME", "leave a pass out; `cambium passes` lists them");
  line.text("--dump-after", words.dump_after, "NAME", "show the graph of a step after this pass");
  line.text("--dump-to", words.dump_to, "FILE",
            "where: a .svg, .png or .dot picture, or text; the terminal unless told");
}

void choose_passes(Experiment& e, const PassWords& words, Terminal& terminal) {
  e.passes.off = {words.off.begin(), words.off.end()};
  check_passes(e.passes, words.dump_after);
  check_dump(e, words);
  if (words.dump_after.empty()) return;
  e.passes.after = [&](std::string_view pass, const Graph& g) {
    if (pass != words.dump_after) return;
    if (words.dump_to.empty())
      terminal.note(str("after ", pass, ":\n", to_text(g)));
    else
      write_graph(g, words.dump_to);
  };
}

void write_graph(const Graph& g, const std::string& path) {
  const std::string kind = std::filesystem::path(path).extension().string();
  if (kind != ".svg" && kind != ".png" && kind != ".dot") return replace_file(path, to_text(g));
  const std::string dot = to_dot(g);
  replace_file(path, kind == ".dot" ? dot : run_dot(dot, kind.substr(1)));
}
}  // namespace cambium
