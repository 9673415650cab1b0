#include "train/graphs/unheard.h"

namespace cambium {
namespace {
std::vector<bool> heard_by_outputs(const Graph& g) {
  std::vector<bool> heard(g.nodes().size(), false);
  for (const Output& o : g.outputs) heard[size_t(o.port.node)] = true;
  for (int id = int(g.nodes().size()) - 1; id >= 0; --id)
    if (heard[size_t(id)])
      for (Port p : g.node(id).inputs)
        if (p.node >= 0) heard[size_t(p.node)] = true;
  return heard;
}
}  // namespace

Unheard unheard_in(const Graph& model) {
  const std::vector<bool> heard = heard_by_outputs(model);
  Unheard out;
  for (int id = 0; id < int(model.nodes().size()); ++id) {
    const Node& n = model.node(id);
    if (heard[size_t(id)]) continue;
    if (n.role == Role::kInput && n.scope.path == "x") out.data = true;
    if (n.role != Role::kParameter) continue;
    if (out.parameters == 0) out.first = n.scope.path, out.mark = n.scope.mark;
    out.parameters += n.outputs[0].shape.count();
  }
  return out;
}
}  // namespace cambium
