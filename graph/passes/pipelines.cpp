// The passes that tidy a graph, as a list, and the runner: an off switch by name, a timer and a
// verifier for every pass.
#include <algorithm>
#include <chrono>
#include <ostream>

#include "core/text/fmt.h"
#include "core/text/suggest.h"
#include "graph/passes/passes.h"

namespace cambium {
namespace {
constexpr Pass kPipeline[] = {
    {"fold_constants", "computes once what has constants alone as inputs", fold_constants},
    {"share_common", "one node for the same operator, options and inputs", share_common},
    {"fuse_post_ops", "activations and residual sums go into the operator that feeds them",
     fuse_post_ops},
    {"drop_dead", "leaves out what no output and no update needs", drop_dead},
};

void check_names(std::span<const Pass> passes, const std::set<std::string>& off) {
  std::vector<std::string> known;
  for (const Pass& p : passes) known.emplace_back(p.name);
  for (const std::string& name : off)
    if (std::ranges::find(known, name) == known.end())
      throw UserError(str("there is no pass '", name, "'"), suggestion(name, known));
}
}  // namespace

std::span<const Pass> training_pipeline() {
  return kPipeline;
}

Graph run_passes(Graph g, std::span<const Pass> passes, const PassOptions& options) {
  check_names(passes, options.off);
  verify(g);
  std::string before = options.log ? to_text(g) : "";
  for (const Pass& p : passes) {
    if (options.off.contains(std::string(p.name))) continue;
    const size_t nodes = g.nodes().size();
    const auto start = std::chrono::steady_clock::now();
    g = p.run(g);
    const std::chrono::duration<double, std::milli> wall_ms =
        std::chrono::steady_clock::now() - start;
    verify(g);
    if (!options.log) continue;
    std::string after = to_text(g);
    const bool changed = after != before;
    *options.log << fmt::format("{:<16} {:>5} -> {:>5} nodes  {:8.3f} ms{}\n", p.name, nodes,
                                g.nodes().size(), wall_ms.count(), changed ? "" : "  (unchanged)");
    if (options.dump && changed) *options.log << after;
    before = std::move(after);
  }
  return g;
}
}  // namespace cambium
