#include "blocks/compose/weight_ends.h"

#include <algorithm>

namespace cambium {
namespace {
// Walks back from what is added to a shortcut to the parameters that it ends in.
class EndWalk {
 public:
  EndWalk(const Graph& g, std::set<std::string>& found) : g_(g), found_(found) {}

  // Whether zeros in the parameters that are found make the value zero.
  bool ends(Port p) {
    const Node& n = g_.node(p.node);
    if (!n.op) return false;
    const std::string_view name = n.op->name;
    const std::vector<std::string> weights = weights_of(n);
    if (!weights.empty() && multiplies(n)) {
      found_.insert(weights.begin(), weights.end());
      return true;
    }
    if (name == "add" || name == "sub") {
      if (weights.empty()) return ends(n.inputs[0]) && ends(n.inputs[1]);
      found_.insert(weights.begin(), weights.end());  // a bias, zero as well
      const bool first = g_.node(n.inputs[0].node).role == Role::kParameter;
      return ends(n.inputs[first ? 1 : 0]);
    }
    if (name == "mul" && weights.empty()) return ends(n.inputs[0]) || ends(n.inputs[1]);
    const bool factor = name == "scale" && shift_of(n) == 0;
    static constexpr std::string_view kKeepZero[] = {"dropout", "reshape", "transpose", "relu",
                                                     "gelu",    "silu",    "tanh",      "cast",
                                                     "slice",   "pad",     "concat"};
    if (!factor && !std::ranges::count(kKeepZero, name)) return false;
    return std::ranges::all_of(n.inputs, [&](Port in) {
      return in.node < 0 || g_.node(in.node).role == Role::kInput || ends(in);
    });
  }

 private:
  std::vector<std::string> weights_of(const Node& n) const {
    std::vector<std::string> out;
    for (const Port p : n.inputs)
      if (p.node >= 0 && g_.node(p.node).role == Role::kParameter)
        out.push_back(g_.node(p.node).scope.path);
    return out;
  }

  // A product, a norm or a factor, all of whose parameters at zero make it zero.
  static bool multiplies(const Node& n) {
    static constexpr std::string_view kNames[] = {
        "linear",     "conv2d",   "matmul",     "mul",        "grouped_linear",
        "layer_norm", "rms_norm", "group_norm", "batch_norm", "batch_norm_apply"};
    return std::ranges::count(kNames, n.op->name) > 0;
  }

  static double shift_of(const Node& n) {
    const std::optional<ArgValue> b = n.attrs.find("b");
    const auto* shift = b ? std::get_if<double>(&b->variant()) : nullptr;
    return shift ? *shift : 0;
  }

  const Graph& g_;
  std::set<std::string>& found_;
};

bool below(std::string_view path, std::string_view above) {
  return path.size() > above.size() && path.starts_with(above) && path[above.size()] == '.';
}
}  // namespace

BranchEnds branch_ends(const Graph& model, const std::set<std::string>& added) {
  BranchEnds out;
  for (const Node& n : model.nodes()) {
    if (!n.op || n.op->name != "add") continue;
    const std::string& path = n.scope.path;
    if (std::ranges::none_of(added, [&](const std::string& layer) { return below(path, layer); }))
      continue;
    // Of two operands, the shortcut comes from outside of the block that adds.
    const auto inside = [&](Port p) {
      const std::string& from = model.node(p.node).scope.path;
      return from == path || below(from, path);
    };
    const bool first = inside(n.inputs[0]), second = inside(n.inputs[1]);
    if (first == second) continue;
    std::set<std::string> ends;
    if (EndWalk(model, ends).ends(n.inputs[first ? 0 : 1]))
      out.parameters.insert(ends.begin(), ends.end());
    else
      out.open.insert(path);
  }
  return out;
}

std::map<std::string, std::string> read_out_norms(const Graph& g) {
  std::map<std::string, std::string> out;
  for (const Node& n : g.nodes()) {
    if (!n.op || n.op->name != "matmul") continue;
    const Node& table = g.node(n.inputs[1].node);
    if (table.role != Role::kParameter || table.parameter.kind != ParameterKind::kEmbedding)
      continue;
    Port at = n.inputs[0];
    while (g.node(at.node).op &&
           (g.node(at.node).op->name == "scale" || g.node(at.node).op->name == "reshape" ||
            g.node(at.node).op->name == "dropout"))
      at = g.node(at.node).inputs[0];
    const Node& norm = g.node(at.node);
    if (!norm.op || (norm.op->name != "layer_norm" && norm.op->name != "rms_norm")) continue;
    for (const Port p : norm.inputs)
      if (p.node >= 0 && g.node(p.node).role == Role::kParameter)
        out[g.node(p.node).scope.path] = table.scope.path;
  }
  return out;
}

std::map<std::string, const Tensor*> start_offsets(const Graph& g) {
  std::map<std::string, const Tensor*> out;
  for (const Node& n : g.nodes()) {
    if (!n.op || n.op->name != "add" || n.inputs.size() != 2) continue;
    const Node &a = g.node(n.inputs[0].node), &b = g.node(n.inputs[1].node);
    if (a.role == Role::kParameter && b.role == Role::kConstant && b.constant &&
        a.outputs[0] == b.outputs[0])
      out[a.scope.path] = b.constant.get();
  }
  return out;
}

void add_offset(Tensor& to, const Tensor& offset, float sign) {
  for (size_t i = 0; i < to.f32().size(); ++i) to.f32()[i] += sign * offset.f32()[i];
}
}  // namespace cambium
