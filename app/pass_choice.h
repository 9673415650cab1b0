// Pass choice: --no-pass, --dump-after and --dump-to of the commands that make plans.
#pragma once
#include "app/command.h"
#include "train/spec/experiment.h"

namespace cambium {
struct PassWords {
  std::vector<std::string> off;
  std::string dump_after, dump_to;
};

void declare_passes(CommandLine& line, PassWords& words);

// Puts what they say into `e.passes`; both must outlive the work. A pass that runs several times is
// dumped each time: the terminal's errors get every text, a file is left with the last. UserError
// for a name that is no pass, a pass that does not run in this spec, and a file without a pass.
void choose_passes(Experiment& e, const PassWords& words, Terminal& terminal);

// Writes the graph as text, or as the picture that the file's name asks for.
void write_graph(const Graph& g, const std::string& path);
}  // namespace cambium
