// The walk over all nodes of all traces: from graphs to a model.
#pragma once
#include <algorithm>

#include "graph/onnx/use.h"

namespace cambium {
inline OnnxType onnx_type(DType t) {
  return t == DType::kF32 || t == DType::kBf16 ? OnnxType::kF32 : OnnxType::kI64;
}

// That a node is not the same thing in all traces: placed, and with what it is that differs.
UserError differs(const Node& n, const std::string& what);

class Walk {
 public:
  Walk(OnnxTraces& traces, const std::function<OnnxTensor(const Node&)>& parameter)
      : traces_(traces.graphs), open_(traces.open), padded_(traces.padded), parameter_(parameter) {}

  OnnxModel model() {
    check_alike();
    const std::vector<bool> needed = reached();
    Graph& g = traces_.front();
    for (int id = 0; id < int(g.nodes().size()); ++id)
      if (g.node(id).role == Role::kInput && needed[size_t(id)]) input(id);
    if (padded_) pad_graphs();
    for (int id = 0; id < int(g.nodes().size()); ++id)
      if (needed[size_t(id)]) visit(id);
    for (const Output& o : g.outputs) output(o);
    OnnxModel m;
    m.opset = w_.opset;
    m.producer = "cambium";
    if (m.opset >= 18) axes_as_inputs();
    m.graph = std::move(w_.graph);
    m.graph.name = "model";
    return m;
  }

 private:
  const Node& node(int id, size_t k = 0) const { return traces_[k].node(id); }

  void check_alike() const {
    const Graph& g = traces_.front();
    for (const Graph& other : traces_) {
      const size_t n = std::min(g.nodes().size(), other.nodes().size());
      for (size_t i = 0; i < n; ++i) {
        const Node &a = g.node(int(i)), &b = other.node(int(i));
        if (a.role != b.role || a.op != b.op || a.inputs != b.inputs ||
            a.scope.path != b.scope.path)
          throw differs(a, "is built otherwise");
      }
      if (g.nodes().size() != other.nodes().size())
        throw differs(g.nodes().back(), "is not the last operator");
    }
  }

  std::vector<bool> reached() const {
    const Graph& g = traces_.front();
    std::vector<bool> needed(g.nodes().size(), false);
    for (const Output& o : g.outputs) needed[size_t(o.port.node)] = true;
    for (int id = int(g.nodes().size()) - 1; id >= 0; --id) {
      if (!needed[size_t(id)]) continue;
      for (const Port p : g.node(id).inputs)
        if (p.node >= 0) needed[size_t(p.node)] = true;
    }
    return needed;
  }

  OnnxSize extent(Port p, int axis) const {
    OnnxSize s;
    for (const Graph& g : traces_) s.push_back(g.type(p).shape[axis]);
    return s;
  }

  std::vector<OnnxDim> dims_of(Port p) const {
    std::vector<OnnxDim> dims;
    for (int i = 0; i < traces_.front().type(p).shape.rank(); ++i) {
      const OnnxSize s = extent(p, i);
      OnnxDim d;
      if (is_fixed(s)) d.extent = s.front();
      for (const auto& [name, size] : open_)
        if (size == s) d.name = name;
      dims.push_back(d);
    }
    return dims;
  }

  void name(Port p, const std::string& as) {
    w_.names[p] = as;
    for (int i = 0; i < traces_.front().type(p).shape.rank(); ++i)
      w_.note_size(extent(p, i), as, i);
  }

  void input(int id) {
    const Node& n = node(id);
    const Port p{id, 0};
    const std::string& path = n.scope.path;
    if (padded_ && path == "mask") {
      mask_ = p;
      return;
    }
    if (n.outputs[0].dtype == DType::kAdjacency) {
      const std::string edges = w_.free_name("edge_index");
      w_.graph.inputs.push_back({edges, OnnxType::kI64, {{2, ""}, {-1, "edges"}}});
      adjacency_inputs_.push_back({p, edges});
      return;
    }
    const std::string as = w_.free_name(path == "edges" ? "edge_attr" : path);
    std::vector<OnnxDim> dims = dims_of(p);
    if (path == "edges") dims[0] = {-1, "edges"};
    if (padded_ && path == "x") {
      dims[0] = {-1, "nodes"};
      x_ = p;
    }
    w_.graph.inputs.push_back({as, onnx_type(n.outputs[0].dtype), dims});
    if (padded_ && path == "x")
      w_.names[p] = as;  // until it is padded
    else
      name(p, as);
  }

  void pad_graphs();
  void axes_as_inputs();

  void visit(int id) {
    const Node& n = node(id);
    w_.prefix = n.scope.path;
    switch (n.role) {
      case Role::kInput:
        if (n.outputs[0].dtype == DType::kAdjacency) edges_of_input(id);
        break;
      case Role::kParameter:
      case Role::kState:
        parameter(id);
        break;
      case Role::kConstant:
        constant(id);
        break;
      case Role::kOp:
        op(id);
        break;
    }
  }

  std::string i64_scalar(int64_t n) { return w_.constant(onnx_i64({}, {&n, 1})); }

  std::string i64(int64_t n) { return w_.constant(onnx_i64({1}, {&n, 1})); }

  std::string emit(const std::string& op, std::vector<std::string> in,
                   std::vector<OnnxAttribute> attributes = {}) {
    return w_.emit(op, std::move(in), std::move(attributes), 1)[0];
  }

  void edges_of_input(int id) {
    const Port p{id, 0};
    const auto at = std::ranges::find(adjacency_inputs_, p, &std::pair<Port, std::string>::first);
    const int64_t zero = 0, one = 1;
    OnnxEdges e;
    const auto end = [&](const int64_t& row) {
      const std::string nodes = emit("Gather", {at->second, w_.constant(onnx_i64({}, {&row, 1}))});
      return place_.empty() ? nodes : emit("Gather", {place_, nodes});
    };
    e.source = end(zero);
    e.target = end(one);
    e.nodes = w_.size(extent(p, 0));
    w_.edges[p] = e;
  }

  void parameter(int id) {
    const Node& n = node(id);
    const Port p{id, 0};
    const int rank = n.outputs[0].shape.rank();
    std::string as = w_.free_name(n.scope.path);
    w_.graph.tensors.emplace_back(as, parameter_(n));
    for (int i = 0; i < rank; ++i) {
      const OnnxSize s = extent(p, i);
      if (is_fixed(s)) continue;
      // The first rows of a table of positions are those of a shorter text.
      if (n.parameter.kind != ParameterKind::kPosition || s.front() != std::ranges::max(s))
        throw differs(n, str("has an extent of ", s.front(), " that goes"));
      as = emit("Slice", {as, i64(0), w_.size(s), i64(i)});
    }
    name(p, as);
  }

  void constant(int id);
  bool repeats_in_all(int id, int64_t bytes) const;
  std::string filled_constant(int id);  // "": it is not that
  std::string tiled_constant(int id);
  std::string part_of_constant(int id);
  void edges_of_constant(int id);

  void op(int id) {
    const Node& n = node(id);
    if (!n.op->onnx) {
      const std::string& path = n.scope.path;
      throw UserError(str(n.kind(), path.empty() ? "" : " of '" + path + "'",
                          " cannot be said in ONNX: ", n.op->not_onnx),
                      "leave the block out, or use another one", n.scope.mark);
    }
    OnnxUse use(w_, traces_, id);
    n.op->onnx(use);
    bool same = true;
    for (const Graph& g : traces_) same &= g.node(id).attrs == n.attrs;
    if (!same && !use.told_of_differing()) throw differs(n, "has options that change");
  }

  void output(const Output& o) {
    const std::string as = w_.free_name(o.name);
    w_.graph.nodes.push_back(
        {"Identity", w_.free_name("answer"), {}, {w_.names.at(o.port)}, {as}, {}});
    w_.graph.outputs.push_back(
        {as, onnx_type(traces_.front().type(o.port).dtype), dims_of(o.port)});
  }

  std::vector<Graph>& traces_;
  std::vector<std::pair<std::string, OnnxSize>>& open_;
  const std::optional<OnnxTraces::Padded>& padded_;
  const std::function<OnnxTensor(const Node&)>& parameter_;
  Port x_, mask_;
  std::string place_;  // where each node stands among the padded ones
  std::vector<std::pair<Port, std::string>> adjacency_inputs_;
  OnnxWriter w_;
};
}  // namespace cambium
