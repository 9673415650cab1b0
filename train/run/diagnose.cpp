#include "train/run/diagnose.h"

#include <algorithm>
#include <cmath>

namespace cambium {
namespace {
constexpr std::string_view kHelp =
    "lower the learning rate, add a warm-up, or limit the gradient with train.clip: 1";

bool finite(const Tensor& t) {
  if (t.type().dtype != DType::kF32) return true;
  return std::ranges::all_of(t.f32(), [](float x) { return std::isfinite(x); });
}

std::string_view phase_name(Phase p) {
  return p == Phase::kForward ? "" : "the gradient of ";
}
}  // namespace

void explain_non_finite(Executor& executor, const Store& store, int64_t step, std::string_view what,
                        double value) {
  const std::string head = str("step ", step, ": the ", what, " is ", value);
  const Graph& g = executor.plan().graph;
  for (const Node& n : g.nodes())
    if (n.role == Role::kParameter && !finite(store.at(n.scope.path)))
      throw RuntimeError(str(head, "; the update before it left '", n.scope.path, "' not finite"),
                         std::string(kHelp), n.scope.mark);
  const int id = executor.first_non_finite();
  if (id < 0) throw RuntimeError(str(head, "; every node's result is finite"), std::string(kHelp));
  const Node& n = g.node(id);
  throw RuntimeError(str(head, "; the first value that is not finite comes from ",
                         phase_name(n.scope.phase), "'", n.scope.path, "' (", n.kind(), ")"),
                     std::string(kHelp), n.scope.mark);
}
}  // namespace cambium
