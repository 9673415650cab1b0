#include "graph/onnx/walk.h"

namespace cambium {
UserError differs(const Node& n, const std::string& what) {
  return UserError(str(n.kind(), n.scope.path.empty() ? "" : " of '" + n.scope.path + "'", " ",
                       what, " with what is left open"),
                   "", n.scope.mark);
}

// From opset 18 on axes of reductions are an input.
void Walk::axes_as_inputs() {
  for (OnnxNode& n : w_.graph.nodes) {
    if (n.op != "ReduceMax" && n.op != "ReduceMean") continue;
    const auto at = std::ranges::find(n.attributes, "axes", &OnnxAttribute::name);
    if (at == n.attributes.end()) continue;
    const auto axes = std::get<std::vector<int64_t>>(at->value);
    n.in.push_back(w_.constant(onnx_i64({int64_t(axes.size())}, axes)));
    n.attributes.erase(at);
  }
}

OnnxModel onnx_of(OnnxTraces& traces, const std::function<OnnxTensor(const Node&)>& parameter) {
  return Walk(traces, parameter).model();
}
}  // namespace cambium
